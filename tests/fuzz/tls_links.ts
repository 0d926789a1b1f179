/**
 * Links of the TLS transport: capsules in any order, on several links that belong together or do
 * not, to a real server over real sockets, and to a real client from a server that means harm.
 * Whatever comes, only the connection that it came on ends, and nobody else notices.
 */
import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import { once } from "node:events";
import fc from "fast-check";
import { CapsuleReader } from "../../protocol/transport/tls/capsule_reader.ts";
import { engine } from "../../protocol/transport/tls/engine.ts";
import { type Listener, StreamError, TransportError } from "../../protocol/transport/transport.ts";
import { testCertificate } from "../helpers/certificate.ts";
import { fromHex, toHex } from "../helpers/hex.ts";
import { TlsStranger } from "../helpers/tls_stranger.ts";
import { within } from "../helpers/within.ts";
import { connect, dial, echoAll, hello, roundTrip } from "../protocol/transport/contract/pair.ts";
import type { FuzzTarget } from "./batch.ts";

const RUNS = 20;
const CLIENT_RUNS = 12;
/** So many links in a run, at most. */
const LINKS = 4;
/** Milliseconds for a handshake and the first capsule. */
const PATIENCE = 2_000;
/** Stands for the secret of the run's last connection. */
const SECRET = "secret";

/** What somebody says on a link, in hex; `secret` stands for a secret that the server gave. */
type Say = string;

interface Step {
  readonly link: number;
  readonly says: readonly Say[];
  /** Then hangs up. */
  readonly hangsUp: boolean;
}

const number = fc.oneof(
  fc.constantFrom(0, 4, 8, 12, 16, 28, 32, 36, 400, 5),
  fc.constantFrom(65_536, 0x7fff_ffff, 0xffff_fffc, 0xffff_ffff),
  fc.nat(0xffff_ffff),
).map((value) => value.toString(16).padStart(8, "0"));
const hex = (maxLength: number) => fc.uint8Array({ maxLength }).map(toHex);

function capsule(type: number, payload: string): Say {
  const length = payload.replace(SECRET, "0".repeat(32)).length / 2;
  return [type.toString(16).padStart(2, "0"), length.toString(16).padStart(4, "0"), payload].join(
    "",
  );
}

const secret = fc.oneof({ weight: 6, arbitrary: fc.constant(SECRET) }, {
  weight: 1,
  arbitrary: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(toHex),
});
const data = fc.oneof(fc.nat(40), fc.constantFrom(16_384, 16_385, 10_000))
  .map((length) => capsule(5, "61".repeat(length)));

/** Every type of capsule, with payloads that fit it. */
const valid: fc.Arbitrary<Say> = fc.oneof(
  { weight: 6, arbitrary: data },
  { weight: 1, arbitrary: fc.constant(capsule(1, "")) },
  { weight: 3, arbitrary: fc.tuple(secret, number).map((parts) => capsule(3, parts.join(""))) },
  { weight: 1, arbitrary: fc.tuple(secret, number).map((parts) => capsule(2, parts.join(""))) },
  { weight: 1, arbitrary: number.map((streams) => capsule(4, streams)) },
  { weight: 3, arbitrary: fc.constant(capsule(6, "")) },
  { weight: 2, arbitrary: number.map((bytes) => capsule(7, bytes)) },
  { weight: 3, arbitrary: fc.tuple(number, number).map((parts) => capsule(8, parts.join(""))) },
  { weight: 2, arbitrary: fc.constantFrom(capsule(9, ""), capsule(10, "")) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom("00", "01", "02", "03"), number, hex(220)).map((parts) =>
      capsule(11, parts.join(""))
    ),
  },
);
const say: fc.Arbitrary<Say> = fc.oneof(
  { weight: 10, arbitrary: valid },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.nat(12), hex(30)).map(([type, text]) => capsule(type, text)),
  },
  { weight: 1, arbitrary: hex(60) },
  // Longer than any capsule but data may be.
  {
    weight: 1,
    arbitrary: fc.tuple(fc.nat(12), fc.constantFrom(300, 5_000, 65_535)).map(([type, length]) =>
      capsule(type, "00".repeat(length))
    ),
  },
);

/** How links begin that get far. */
const opening = fc.constant([capsule(1, "")]);
const attaching = fc.constantFrom(4, 4, 8, 12, 28, 32)
  .map((stream) => [capsule(3, `${SECRET}${stream.toString(16).padStart(8, "0")}`)]);

const step: fc.Arbitrary<Step> = fc.record({
  link: fc.nat(LINKS - 1),
  says: fc.array(say, { maxLength: 8 }),
  hangsUp: fc.constantFrom(false, false, false, false, true),
});

/** The first link opens a connection; others join it, or try to; then anything goes. */
const steps: fc.Arbitrary<Step[]> = fc.tuple(
  fc.array(fc.oneof({ weight: 4, arbitrary: attaching }, { weight: 1, arbitrary: opening }), {
    maxLength: LINKS - 1,
  }),
  fc.array(step, { maxLength: 14, size: "max" }),
).map(([others, steps]) => [
  { link: 0, says: [capsule(1, "")], hangsUp: false },
  ...others.map((says, at) => ({ link: at + 1, says, hangsUp: false })),
  ...steps,
]);

export const tlsLinks: FuzzTarget = {
  name: "tls-links",
  promise: "TlsConnection ends at what breaks the protocol, on either side, and no other does",
  async run(batch) {
    await using pair = await connect({ server: engine, client: engine }, {
      listen: { limits: { handshakeTimeout: PATIENCE } },
    });
    void echoAll(pair.server);
    void echoEverybody(pair.listener);
    const stream = await pair.client.openStream();
    const { port } = pair.listener.address;
    await batch.tryInputs(RUNS, steps, async (steps) => {
      await annoy(port, steps);
      await roundTrip(stream, "as before");
      await using newcomer = await dial(engine, port);
      await hello(newcomer);
    });
    await batch.tryInputs(CLIENT_RUNS, fc.array(say, { maxLength: 12 }), join);
  },
};

/** Echoes to all who come, until the listener closes. */
async function echoEverybody(listener: Listener): Promise<void> {
  for (let next; (next = await listener.accept()) !== null;) void echoAll(next);
}

/** Takes the steps, on links of their own, and leaves. What comes back is capsules. */
async function annoy(port: number, steps: readonly Step[]): Promise<void> {
  using links = new DisposableStack();
  const open = new Map<number, TlsStranger>();
  let known: string | undefined;
  for (const { link, says, hangsUp } of steps) {
    let stranger = open.get(link);
    if (stranger === undefined) {
      stranger = links.use(await TlsStranger.dial(port));
      open.set(link, stranger);
    }
    stranger.write(...says.map((say) => say.replace(SECRET, known ?? "0".repeat(32))));
    if (known === undefined) {
      // It opened the connection. The others name its secret.
      known = await stranger.find(/^020014([0-9a-f]{32})/);
    }
    if (hangsUp) stranger[Symbol.dispose]();
  }
  // A round trip, where the first link is still open, so that everything has been read.
  const [first] = open.values();
  first?.write(capsule(9, ""));
  await Promise.race([first?.closed, settled()]);
  for (const stranger of open.values()) {
    const reader = new CapsuleReader();
    for (const capsule of reader.read(fromHex(stranger.received))) assert.ok(capsule.type);
  }
}

/** Long enough for what was sent over loopback to be read, as a rule. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}

/** A client comes to a server that answers every link with these capsules. */
async function join(answers: readonly Say[]): Promise<void> {
  const { certificate: cert, privateKey: key } = await testCertificate();
  const sockets = new Set<TLSSocket>();
  const server = createServer({ cert, key, ALPNProtocols: ["sotto/1"] }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("data", () => {
      const opened = sockets.size === 1 ? capsule(2, `${"ab".repeat(16)}00000008`) : "";
      socket.write(fromHex(opened + answers.join("").replaceAll(SECRET, "ab".repeat(16))));
    });
  });
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await talk((server.address() as AddressInfo).port);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

/** Uses two streams. Each step may fail, but only as the contract says. */
async function talk(port: number): Promise<void> {
  try {
    await using client = await dial(engine, port, { limits: { handshakeTimeout: PATIENCE } });
    for (let streams = 0; streams < 2; streams++) {
      const stream = await within(Promise.race([client.openStream(), client.closed]), "a stream");
      if (!("read" in stream)) return;
      await within(Promise.race([stream.write(new Uint8Array(10)), client.closed]), "a write");
      await Promise.race([stream.read(), client.closed, settled()]);
      stream.reset(0);
    }
  } catch (error) {
    assert.ok(error instanceof TransportError || error instanceof StreamError, String(error));
  }
}
