/**
 * Frames for a server, in every state of a session and on streams of every kind. Whatever comes, the
 * server answers by the protocol, keeps nothing of who has left, and serves the next client.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { makeLogger } from "../../server/log.ts";
import { download, fileOf, type TestFile, upload, uploadOf } from "../helpers/files.ts";
import { bodyOf, damaged } from "../helpers/hostile_bodies.ts";
import { ulidOf } from "../helpers/messages.ts";
import { startSocketless } from "../helpers/socketless.ts";
import type { FuzzTarget } from "./batch.ts";
import { clientBodies, PEOPLE } from "./likely_frames.ts";
import { type Beginning, RawClient } from "./raw_client.ts";

const RUNS = 8;

const RATE = { rate: 1_000, burst: 100_000 };
/** Rates at which no time has to pass. */
export const FAST = {
  ...{ sends: RATE, lists: RATE, changes: RATE, requests: RATE, logins: RATE, failures: RATE },
  newRooms: RATE,
};

type Server = Awaited<ReturnType<typeof startSocketless>>;

/** What a client writes on a stream of its own, and how it leaves it. */
interface Transfer {
  readonly bodies: readonly Uint8Array[];
  /** Waits for the first answer before it goes on. */
  readonly waits: boolean;
  readonly ending: "end" | "reset" | "stay";
}

/** What one client does from its connection to its end, which may be the end of the run. */
interface Visit {
  readonly user: string;
  readonly beginning: Beginning;
  readonly bodies: readonly Uint8Array[];
  readonly transfers: readonly Transfer[];
  /** Bytes that are no frames, after everything else. */
  readonly noise: Uint8Array | undefined;
  readonly wait: number;
  readonly ending: "end" | "close" | "lose" | "stay";
}

const FILES: readonly TestFile[] = [
  fileOf(1, 10),
  fileOf(2, 60_000),
  fileOf(3, 1_000, "dm:ann:bob"),
];

const transferBody = clientBodies("AUTHENTICATED", "transfer");

/** An upload in order, of which something is left out, doubled or changed. */
const uploading: fc.Arbitrary<Uint8Array[]> = fc.tuple(
  fc.constantFrom(...FILES),
  fc.integer({ min: 1_000, max: 48 * 1024 }),
  fc.array(fc.tuple(fc.nat(5), fc.nat(2), transferBody), { maxLength: 2 }),
).map(([file, size, changes]) => {
  const bodies = [bodyOf(uploadOf(file))];
  for (let at = 0; at < file.bytes.length; at += size) {
    bodies.push(bodyOf({ type: "chunk", bytes: file.bytes.subarray(at, at + size) }));
  }
  for (const [at, cut, body] of changes) bodies.splice(at % (bodies.length + 1), cut, body);
  return bodies;
});

const downloading = fc.tuple(fc.constantFrom(...FILES), fc.constantFrom(0, 5, 10, 11)).map(
  ([{ file }, offset]) => bodyOf({ type: "download", id: 2, file, offset }),
);

const transfer: fc.Arbitrary<Transfer> = fc.record({
  bodies: fc.oneof(
    uploading,
    fc.tuple(downloading, fc.array(transferBody, { maxLength: 2 })).map((
      [one, more],
    ) => [one, ...more]),
    fc.array(transferBody, { minLength: 1, maxLength: 4 }),
  ),
  waits: fc.constantFrom(true, true, true, false),
  ending: fc.constantFrom("end", "end", "end", "reset", "stay"),
});

/** Where a visit begins, and what may be sent then. */
const BEGINNINGS: readonly (readonly [Beginning, fc.Arbitrary<Uint8Array>])[] = [
  ["connecting", clientBodies("CONNECTING", "session")],
  ["connected", clientBodies("CONNECTED", "session")],
  ["signed in", clientBodies("AUTHENTICATED", "session")],
];

const visit: fc.Arbitrary<Visit> = fc.oneof(...BEGINNINGS.map(([beginning, body]) => ({
  weight: beginning === "signed in" ? 6 : 1,
  arbitrary: fc.record({
    user: fc.constantFrom(...PEOPLE),
    beginning: fc.constant(beginning),
    bodies: fc.array(body, { maxLength: 24, size: "max" }),
    transfers: fc.array(transfer, { maxLength: 6 }),
    noise: fc.option(fc.oneof(fc.uint8Array({ maxLength: 300 }), damaged(body)), {
      nil: undefined,
      freq: 3,
    }),
    wait: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.nat(70_000)),
    ending: fc.constantFrom<Visit["ending"][]>("end", "end", "close", "lose", "stay"),
  }),
})));

export const serverFrames: FuzzTarget = {
  name: "server-frames",
  promise: "Server keeps the protocol whatever frames come, and keeps nothing of who has left",
  run: (batch) =>
    batch.tryInputs(RUNS, fc.array(visit, { minLength: 4, maxLength: 14, size: "max" }), play),
};

async function play(visits: readonly Visit[]): Promise<void> {
  const faults: string[] = [];
  const log = makeLogger({ level: "error", format: "text", write: (line) => faults.push(line) });
  await using server = await startSocketless(FAST, {}, undefined, log);
  await prepare(server);
  await server.pass(1_000);
  const timers = server.clock.waiting;
  const staying: RawClient[] = [];
  for (const visit of visits) await pay(server, visit, staying);
  for (const client of staying) await client.leave("end");
  await server.pass(1_000);
  assert.deepEqual(faults, []);
  assert.equal(server.presence.count, 0, "nobody is online");
  assert.equal(server.clock.waiting, timers, "no timer is left");
  await serveSomebodyElse(server);
}

/** Everybody has an account, and there are places and files to name. */
export async function prepare(server: Server): Promise<void> {
  for (const user of PEOPLE) {
    await using peer = await server.signIn(user);
    if (user !== "bob") continue;
    await peer.ask({ type: "create", conversation: "room:den", topic: "tea" });
    await peer.ask({ type: "create", conversation: "group:crew", members: ["ann", "eve"] });
    await peer.say("dm:ann:bob", ulidOf(800), "hello");
    for (const file of FILES.slice(1)) await upload(peer, file);
  }
  await server.pass(1_000);
}

/** Makes the visit. */
async function pay(server: Server, visit: Visit, staying: RawClient[]): Promise<void> {
  const client = await RawClient.connect(server, visit.user, visit.beginning);
  const streams = await Promise.all(
    visit.transfers.map(async ({ bodies, waits, ending }) => {
      const stream = await client.transfer(bodies, waits);
      if (ending === "reset") stream?.reset();
      return ending === "end" ? stream : undefined;
    }),
  );
  for (const body of visit.bodies) client.write(body);
  // What was written before it has been handled when the answer comes.
  await client.ask({ type: "ping", id: 0 });
  for (const stream of streams) if (stream !== undefined) await client.finish(stream);
  if (visit.noise !== undefined) client.writeBytes(visit.noise);
  if (visit.wait > 0) await server.pass(visit.wait);
  if (visit.ending === "stay") staying.push(client);
  else await client.leave(visit.ending);
}

/** Somebody who keeps the rules is served as ever: nothing is used up. */
async function serveSomebodyElse(server: Server): Promise<void> {
  await using honest = await server.signIn("honest");
  const id = await honest.say("room:general", ulidOf(900), "still here");
  const ack = await honest.next("ack");
  assert.equal(ack.re, id);
  const page = await honest.history("room:general", ack.seq - 1, 1);
  assert.deepEqual(page.map(({ type }) => type), ["message", "end"]);
  const files = [1, 2, 3, 4].map((number) => fileOf(900 + number, 2_000));
  assert.deepEqual(await Promise.all(files.map((file) => upload(honest, file))), [
    ...Array<string>(4).fill("0, stored"),
  ]);
  for (const { file, bytes } of files) {
    assert.deepEqual(await download(honest, file), ["end", bytes]);
  }
}
