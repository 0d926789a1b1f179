/**
 * The load: many clients in one process, the same for every server. The first argument is the engine.
 * It sends lines and reports what came back.
 */
import process from "node:process";
import { type Basics, serveCommands } from "../harness/commands.ts";
import { loadEngine } from "../harness/engines.ts";
import { ALPN as BARE_ALPN, BULK, MEBIBYTE, SINK, SOURCE } from "../servers/plain.ts";
import { ChatClient, type Credentials } from "./chat_client.ts";
import { dialTarget, type LoadClient, PlainClient, type Target } from "./client.ts";
import { type Sample, Talk } from "./talk.ts";

/** Concurrent handshakes. */
const AT_ONCE = 16;

/** The server, and the accounts of the clients; a bare server has no accounts. */
export interface Where {
  readonly port: number;
  readonly hash: string;
  readonly protocol: "plain" | "sotto";
}

const engine = await loadEngine(process.argv[2] ?? "builtin");
const clients: LoadClient[] = [];
let talk: Talk | undefined;

const commands = {
  /** Adds clients: this many plain ones, or one for each of the credentials. */
  async connect({ where, count, credentials, idle }: {
    where: Where;
    count: number;
    credentials: Credentials[];
    /** They never send a line. */
    idle: boolean;
  }): Promise<{ seconds: number }> {
    const began = performance.now();
    const target = targetOf(where);
    const dial = (alpn: string) => dialTarget(target, alpn);
    const first = clients.length;
    const connectOne = async (at: number) => {
      const as = credentials[at];
      if (as !== undefined) clients[first + at] = await ChatClient.connect(dial, as);
      else if (idle) clients[first + at] = await PlainClient.connectIdle(target, first + at + 1);
      else clients[first + at] = await PlainClient.connect(target, first + at + 1);
    };
    await eachOf(credentials.length || count, connectOne);
    return { seconds: secondsSince(began) };
  },

  /** Opens connections and closes them again, this many at once. */
  async churn({ where, count }: { where: Where; count: number }): Promise<void> {
    const target = targetOf(where);
    await eachOf(count, async () => {
      await using connection = await dialTarget(target, alpnOf(where));
      await using stream = await connection.openStream();
      await stream.write(new Uint8Array([0, 0, 0, 1]));
    });
  },

  /** Signs in, says a line that is acknowledged, and goes, so often; the accounts take turns. */
  async visit({ where, credentials, count }: {
    where: Where;
    credentials: Credentials[];
    count: number;
  }): Promise<void> {
    const dial = (alpn: string) => dialTarget(targetOf(where), alpn);
    await eachOf(count, async (at) => {
      const as = credentials[at % credentials.length];
      if (as === undefined) throw new Error("There are no accounts");
      const client = await ChatClient.connect(dial, as);
      await sayOne(client, at);
      await client.close();
    });
  },

  /** Signs in with passwords, this many at once, and signs off again. */
  async signIn({ where, credentials, atOnce }: {
    where: Where;
    credentials: Credentials[];
    atOnce: number;
  }): Promise<{ seconds: number }> {
    const began = performance.now();
    const dial = (alpn: string) => dialTarget(targetOf(where), alpn);
    await eachOf(credentials.length, async (at) => {
      const as = credentials[at];
      if (as) await (await ChatClient.connect(dial, as)).close();
    }, atOnce);
    return { seconds: secondsSince(began) };
  },

  steadily({ linesPerSecond }: { linesPerSecond: number }): void {
    talk = new Talk(clients);
    talk.steadily(linesPerSecond);
  },

  asMuchAsPossible({ window }: { window: number }): void {
    talk = new Talk(clients);
    talk.asMuchAsPossible(window);
  },

  sample(): Sample {
    if (talk === undefined) throw new Error("No client talks");
    return talk.sample();
  },

  stop(): void {
    talk?.stop();
  },

  /** One line at a time, there and back. */
  async roundTrips({ seconds }: { seconds: number }): Promise<{ milliseconds: number[] }> {
    const [client] = clients;
    if (client === undefined) throw new Error("No client is connected");
    const milliseconds: number[] = [];
    const began = performance.now();
    for (let line = 1; secondsSince(began) < seconds; line++) {
      const said = performance.now();
      await sayOne(client, line);
      milliseconds.push(performance.now() - said);
    }
    return { milliseconds };
  },

  /** Bulk data to the server. */
  async sink({ where, mebibytes }: { where: Where; mebibytes: number }) {
    await using connection = await dialTarget(targetOf(where), BARE_ALPN);
    await using stream = await connection.openStream();
    const began = performance.now();
    await stream.write(new Uint8Array([SINK]));
    for (let sent = 0; sent < mebibytes * MEBIBYTE; sent += BULK.byteLength) {
      await stream.write(BULK);
    }
    await stream.end();
    while (await stream.read() !== null);
    return { seconds: secondsSince(began) };
  },

  /** Bulk data from the server. */
  async source({ where, mebibytes }: { where: Where; mebibytes: number }) {
    await using connection = await dialTarget(targetOf(where), BARE_ALPN);
    await using stream = await connection.openStream();
    const began = performance.now();
    await stream.write(new Uint8Array([SOURCE, mebibytes]));
    let received = 0;
    for (let chunk; (chunk = await stream.read()) !== null;) received += chunk.byteLength;
    if (received !== mebibytes * MEBIBYTE) throw new Error(`Only ${received} bytes have come`);
    return { seconds: secondsSince(began) };
  },
};

export type LoadCommands = typeof commands & Basics;

/** Resolves when the line has come back. */
function sayOne(client: LoadClient, line: number): Promise<void> {
  client.watch(true);
  return new Promise((resolve) => {
    client.onLine = (_, own) => own && resolve();
    client.say(line);
  });
}

function targetOf({ port, hash }: Where): Target {
  return { engine, port, hash: Uint8Array.fromHex(hash) };
}

function alpnOf({ protocol }: Where): string {
  return protocol === "plain" ? BARE_ALPN : "sotto/1";
}

/** Calls a function for each number below the count, a few at once. */
async function eachOf(
  count: number,
  body: (at: number) => Promise<void>,
  atOnce = AT_ONCE,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await body(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

function secondsSince(began: number): number {
  return (performance.now() - began) / 1000;
}

await serveCommands({}, commands);
