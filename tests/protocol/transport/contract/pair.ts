/** What the parts of the contract suite share: connected engines, and bytes to send through them. */
import { type Clock, systemClock } from "../../../../protocol/clock.ts";
import { testCertificate } from "../../../helpers/certificate.ts";
import type { FakeClock } from "../../../helpers/fake_clock.ts";
import { TcpRelay } from "../../../helpers/tcp_relay.ts";
import { UdpRelay } from "../../../helpers/udp_relay.ts";
import { poll, within } from "../../../helpers/within.ts";
import {
  type Address,
  type Connection,
  type DialOptions,
  type Engine,
  type Listener,
  type ListenOptions,
  type Stream,
  StreamError,
  TransportError,
} from "../../../../protocol/transport/transport.ts";

/** What an engine can and cannot do because of what it runs on (`transport.ts` says the same). */
export interface Nature {
  readonly network: "udp" | "tcp";
  /** Rule 5: connections survive a change of address. */
  readonly migrates: boolean;
  /** Servers open streams too. */
  readonly serversOpen: boolean;
}

export const OVER_UDP: Nature = { network: "udp", migrates: true, serversOpen: true };
export const OVER_TCP: Nature = { network: "tcp", migrates: false, serversOpen: false };

/** The engines under test, and what to call them in the names of the tests. */
export interface Subject {
  readonly name: string;
  readonly server: Engine;
  readonly client: Engine;
  readonly nature: Nature;
  /**
   * The same engines with a clock of the test's. What QUIC itself times runs in real time all the
   * same: idle timeouts, keep-alives of `builtin`, and lost datagrams.
   */
  readonly at: (clock: Clock) => Pick<Subject, "server" | "client">;
}

/** Makes an engine that runs by a clock. */
export type MakeEngine = (clock: Clock) => Engine;

export function subjectOf(
  name: string,
  makeServer: MakeEngine,
  makeClient: MakeEngine,
  nature: Nature,
): Subject {
  const at = (clock: Clock) => ({ server: makeServer(clock), client: makeClient(clock) });
  return { name, nature, at, ...at(systemClock) };
}

/** Lets virtual time pass until the promise has settled. */
export async function passUntil(clock: FakeClock, promise: Promise<unknown>): Promise<void> {
  let settled = false;
  promise.then(() => settled = true, () => settled = true);
  await poll(
    async () => {
      await clock.pass(100);
      return settled || undefined;
    },
    "a promise to settle",
    0,
  );
}

/** Declares tests of one pair of engines; one that hangs fails. */
export function testsOf(subject: Subject): (name: string, fn: () => Promise<void>) => void {
  return (name, fn) => Deno.test({ name: `${name} (${subject.name})`, fn, timeout: TIME_LIMIT });
}

export const ALPN = ["sotto/1"];

/** Milliseconds that a test may take. No machine is so slow. */
const TIME_LIMIT = 300_000;

export type Listening = Partial<ListenOptions>;
export type Dialling = Partial<DialOptions>;

export async function listen(engine: Engine, options: Listening = {}): Promise<Listener> {
  const { certificate, privateKey } = await testCertificate();
  return await engine.listen({
    hostname: "127.0.0.1",
    port: 0,
    certificate,
    privateKey,
    alpn: ALPN,
    ...options,
  });
}

/** Dials with everything that an engine may need to know the server by. */
export async function dial(
  engine: Engine,
  port: number,
  options: Dialling = {},
): Promise<Connection> {
  const { der, hash } = await testCertificate();
  return await engine.dial({
    hostname: "127.0.0.1",
    port,
    alpn: ALPN,
    hashes: [hash],
    verify: (leaf) => equalBytes(leaf, der),
    ...options,
  });
}

/** A client and a server that are connected. */
export interface Pair extends AsyncDisposable {
  readonly listener: Listener;
  readonly client: Connection;
  readonly server: Connection;
}

export async function connect(
  subject: Pick<Subject, "server" | "client">,
  options: { listen?: Listening; dial?: Dialling; port?: (listener: Listener) => number } = {},
): Promise<Pair> {
  const listener = await listen(subject.server, options.listen);
  try {
    const port = options.port?.(listener) ?? listener.address.port;
    const [client, server] = await Promise.all([
      dial(subject.client, port, options.dial),
      accepted(listener),
    ]);
    return {
      listener,
      client,
      server,
      async [Symbol.asyncDispose]() {
        await client[Symbol.asyncDispose]();
        await listener[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await listener.close();
    throw error;
  }
}

/** The next connection of a listener, which must come. */
export async function accepted(listener: Listener): Promise<Connection> {
  const connection = await within(listener.accept(), "a connection");
  if (connection === null) throw new Error("The listener has closed");
  return connection;
}

/** The next stream of a connection, which must come. */
export async function acceptedStream(connection: Connection): Promise<Stream> {
  const stream = await within(connection.accept(), "a stream");
  if (stream === null) throw new Error("The connection has closed");
  return stream;
}

/**
 * Opens a stream at one end, with a first chunk, and takes it at the other. Where servers open none,
 * the client does, and the server has its end of that.
 */
export async function openPair(
  from: Connection,
  to: Connection,
  first: Uint8Array = bytes("first"),
): Promise<[opened: Stream, taken: Stream]> {
  if (from.engine === "tls" && from.role === "server") {
    const [opened, taken] = await openPair(to, from, first);
    return [taken, opened];
  }
  const opened = await from.openStream();
  await opened.write(first);
  const taken = await acceptedStream(to);
  const read = await readExactly(taken, first.byteLength);
  if (!equalBytes(read, first)) throw new Error("The first chunk has changed on its way");
  return [opened, taken];
}

/** Sends everything back that comes on every stream, until the connection ends. */
export async function echoAll(connection: Connection): Promise<void> {
  while (true) {
    const stream = await connection.accept();
    if (stream === null) return;
    void echo(stream);
  }
}

/** Sends everything back until the stream ends, however it ends: tests look at the other end. */
export async function echo(stream: Stream): Promise<void> {
  try {
    while (true) {
      const chunk = await stream.read();
      if (chunk === null) break;
      await stream.write(chunk);
    }
    await stream.end();
  } catch (error) {
    if (!(error instanceof StreamError || error instanceof TransportError)) throw error;
  }
}

/** Writes a text on a stream and waits until it has come back. */
export async function roundTrip(stream: Stream, text: string): Promise<void> {
  const sent = bytes(text);
  await stream.write(sent);
  const back = await readExactly(stream, sent.byteLength);
  if (!equalBytes(sent, back)) throw new Error(`${JSON.stringify(text)} came back changed`);
}

/** A round trip on a stream of its own. */
export async function hello(connection: Connection): Promise<void> {
  const stream = await within(connection.openStream(), "a stream to open");
  await roundTrip(stream, "hello");
  await stream.end();
  if (await stream.read() !== null) throw new Error("More came back than was sent");
}

export async function readExactly(stream: Stream, length: number): Promise<Uint8Array> {
  const whole = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const chunk = await within(stream.read(), `${length - filled} more bytes`);
    if (chunk === null) throw new Error(`The stream ended after ${filled} of ${length} bytes`);
    whole.set(chunk, filled);
    filled += chunk.byteLength;
  }
  return whole;
}

/** Everything up to the peer's FIN. */
export async function readAll(stream: Stream): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  while (true) {
    const chunk = await within(stream.read(), "a chunk or the end");
    if (chunk === null) return new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
    chunks.push(chunk);
  }
}

/** Whether the promise is still pending after a while. */
export async function staysPending(
  promise: Promise<unknown>,
  milliseconds = 100,
): Promise<boolean> {
  let pending = true;
  promise.then(() => pending = false, () => pending = false);
  await delay(milliseconds);
  return pending;
}

/** A port of which no answer comes; once released, a port that nobody has. */
export function silentPort({ network }: Nature): { readonly port: number } & Disposable {
  const local = { hostname: "127.0.0.1", port: 0 };
  const socket = network === "tcp"
    ? Deno.listen(local)
    : Deno.listenDatagram({ transport: "udp", ...local });
  const { port } = socket.addr as Deno.NetAddr;
  return { port, [Symbol.dispose]: () => socket.close() };
}

/** A way to a server on which a client's first words arrive, and nothing comes back. */
export async function oneWayTo(
  target: Address,
  { network }: Nature,
): Promise<{ readonly port: number } & AsyncDisposable> {
  if (network === "tcp") {
    const relay = await TcpRelay.to(target);
    relay.mute = true;
    return relay;
  }
  const relay = new UdpRelay(target);
  let passed = 0;
  relay.filter = (datagram) => passed++ === 0 ? datagram : undefined;
  return relay;
}

export function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Bytes that are the same in every run and repeat nowhere near a datagram's size. */
export function pattern(length: number, seed = 1): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = seed;
  for (let at = 0; at < words.length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    words[at] = state;
  }
  return new Uint8Array(words.buffer, 0, length);
}

export function equalBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.byteLength === other.byteLength && one.every((byte, at) => byte === other[at]);
}
