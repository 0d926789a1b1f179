/**
 * Datagrams for a real server on each QUIC engine: garbage, and what an honest client has sent, cut,
 * changed, repeated, put together, and sent from elsewhere. The server serves who is connected and who
 * comes, sends nobody more than three times what came from there, and grows no further.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { MIN_INITIAL, packetsOf } from "../../protocol/transport/quiche/header.ts";
import type { Address, EngineName } from "../../protocol/transport/transport.ts";
import { TestPeer } from "../helpers/peer.ts";
import { startTestServer } from "../helpers/server.ts";
import { UdpRelay } from "../helpers/udp_relay.ts";
import type { Batch, FuzzTarget } from "./batch.ts";

const RUNS = 5;
/** Bytes by which the process may grow in a batch. */
const MOST_GROWTH = 96 * 1024 * 1024;
/** Datagrams of an honest client, at most. */
const CORPUS = 60;
/** Milliseconds in which the answers to a run have come, as a rule. */
const ANSWERED = 10;

type Change =
  | { readonly type: "cut"; readonly to: number }
  | { readonly type: "flip"; readonly at: number; readonly bits: number }
  | { readonly type: "version"; readonly version: number }
  | { readonly type: "form"; readonly bits: number }
  /** In the place of the length of a connection ID, or of the ID. */
  | {
    readonly type: "id";
    readonly at: number;
    readonly length: number;
    readonly bytes: Uint8Array;
  }
  | { readonly type: "pad"; readonly length: number }
  /** A packet of another datagram behind it. */
  | { readonly type: "append"; readonly other: number; readonly packet: number }
  | { readonly type: "replace"; readonly bytes: Uint8Array };

interface Shot {
  /** Which of the honest client's datagrams; the first ones, of the handshake, are the likeliest. */
  readonly of: number;
  readonly changes: readonly Change[];
  /** From which of a few ports; otherwise from one of its own. */
  readonly from: number | undefined;
  readonly times: number;
}

const VERSIONS = [0, 1, 2, 0x6b3343cf, 0xff00001d, 0x1a2a3a4a, 0xffff_ffff];
const small = fc.oneof(fc.nat(60), fc.nat(1_500));

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ type: fc.constant("cut" as const), to: small }),
  fc.record({
    type: fc.constant("flip" as const),
    at: small,
    bits: fc.integer({ min: 1, max: 255 }),
  }),
  fc.record({
    type: fc.constant("version" as const),
    version: fc.oneof(fc.constantFrom(...VERSIONS), fc.nat(0xffff_ffff)),
  }),
  fc.record({ type: fc.constant("form" as const), bits: fc.nat(255) }),
  fc.record({
    type: fc.constant("id" as const),
    at: fc.oneof(fc.constantFrom(5, 14), fc.nat(40)),
    length: fc.oneof(fc.nat(24), fc.constantFrom(64, 255)),
    bytes: fc.uint8Array({ maxLength: 24 }),
  }),
  fc.record({ type: fc.constant("pad" as const), length: fc.nat(1_400) }),
  fc.record({ type: fc.constant("append" as const), other: fc.nat(CORPUS), packet: fc.nat(3) }),
  fc.record({
    type: fc.constant("replace" as const),
    bytes: fc.uint8Array({ maxLength: 1_400, size: "max" }),
  }),
);

const shot: fc.Arbitrary<Shot> = fc.record({
  of: fc.oneof(fc.nat(3), fc.nat(CORPUS)),
  changes: fc.oneof(
    fc.constant([]),
    fc.array(change, { minLength: 1, maxLength: 4 }),
    // Little more than a header.
    fc.integer({ min: 7, max: 80 }).map((to): Change[] => [{ type: "cut", to }]),
  ),
  from: fc.option(fc.nat(3), { nil: undefined, freq: 1 }),
  times: fc.constantFrom(1, 1, 1, 2, 10),
});
const shots = fc.array(shot, { minLength: 10, maxLength: 60, size: "max" });

export const builtinDatagrams = datagramsFor("builtin");
export const quicheDatagrams = datagramsFor("quiche");

function datagramsFor(engine: Exclude<EngineName, "tls">): FuzzTarget {
  return {
    name: `datagrams-${engine}`,
    promise: `Server on ${engine} takes any datagrams, and serves who is there and who comes`,
    run: (batch) => fuzz(engine, batch),
  };
}

async function fuzz(engine: string, batch: Batch): Promise<void> {
  await using server = await startTestServer({ engine });
  await using relay = new UdpRelay(server.address);
  const corpus: Uint8Array[] = [];
  relay.filter = (datagram, direction) => {
    if (direction === "up" && corpus.length < CORPUS) corpus.push(datagram.slice());
    return datagram;
  };
  const address = { hostname: "127.0.0.1", port: relay.port };
  await using known = await TestPeer.signIn({ address, pin: server.pin }, "known");
  await using witness = await TestPeer.signIn(server, "witness");
  const before = Deno.memoryUsage().rss;
  await batch.tryInputs(RUNS, shots, async (shots) => {
    await shoot(shots, corpus, server.address);
    await answers(witness);
    // What was sent is a part of what this client has said, and changes nothing for it.
    await answers(known);
  });
  await using newcomer = await TestPeer.signIn(server, "newcomer");
  await answers(newcomer);
  const faults = server.log.filter((line) => /"level":"error"/.test(line));
  assert.deepEqual(faults, []);
  const grown = Deno.memoryUsage().rss - before;
  assert.ok(grown < MOST_GROWTH, `the process has grown by ${grown} bytes`);
}

async function answers(peer: TestPeer): Promise<void> {
  assert.equal((await peer.ask({ type: "who" })).type, "users");
}

/** Sends everything, and counts what comes back. */
async function shoot(
  shots: readonly Shot[],
  corpus: readonly Uint8Array[],
  { port }: Address,
): Promise<void> {
  await using resources = new AsyncDisposableStack();
  const strangers: Stranger[] = [];
  const come = () => {
    const stranger = resources.use(new Stranger());
    strangers.push(stranger);
    return stranger;
  };
  const regulars = [come(), come(), come(), come()];
  for (const { of, changes, from, times } of shots) {
    const original = corpus[of % corpus.length];
    assert.ok(original);
    const stranger = regulars[from ?? Infinity] ?? come();
    const datagram = changes.reduce(
      (bytes, change) => changed(bytes, change, corpus),
      original,
    );
    for (let time = 0; time < times; time++) await stranger.send(datagram, port);
  }
  await new Promise((resolve) => setTimeout(resolve, ANSWERED));
  for (const { sent, received } of strangers) {
    // RFC 9000, section 8.1: nobody can be flooded in another's name.
    assert.ok(received <= 3 * sent, `${received} bytes answer ${sent}`);
  }
}

function changed(datagram: Uint8Array, change: Change, corpus: readonly Uint8Array[]): Uint8Array {
  switch (change.type) {
    case "cut":
      return datagram.slice(0, change.to % (datagram.length + 1));
    case "flip":
      return datagram.map((byte, at) => at === change.at ? byte ^ change.bits : byte);
    case "version": {
      if (datagram.length < 5) return datagram;
      const copy = datagram.slice();
      new DataView(copy.buffer).setUint32(1, change.version);
      return copy;
    }
    case "form":
      return datagram.map((byte, at) => at === 0 ? change.bits : byte);
    case "id": {
      if (datagram.length <= change.at) return datagram;
      const copy = datagram.slice();
      copy[change.at] = change.length;
      copy.set(change.bytes.subarray(0, copy.length - change.at - 1), change.at + 1);
      return copy;
    }
    case "pad":
      return concat(datagram, new Uint8Array(change.length));
    case "append": {
      const packets = [...packetsOf(corpus[change.other % corpus.length] ?? datagram)];
      return concat(datagram, packets[change.packet % packets.length] ?? datagram);
    }
    case "replace":
      return change.bytes;
  }
}

/** Whatever is longer would not leave this machine in one datagram. */
function concat(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both.subarray(0, MIN_INITIAL + 300);
}

/** A UDP socket that counts. */
class Stranger implements AsyncDisposable {
  sent = 0;
  received = 0;
  readonly #socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  readonly #reading = this.#read();

  async send(datagram: Uint8Array, port: number): Promise<void> {
    this.sent += datagram.length;
    await this.#socket.send(datagram, { transport: "udp", hostname: "127.0.0.1", port });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await this.#reading;
  }

  async #read(): Promise<void> {
    for await (const [datagram] of this.#socket) this.received += datagram.length;
  }
}
