/**
 * Everything of a server but sockets and time: its services on the real store, and connections over
 * streams in memory, by a clock that the test turns.
 */
import assert from "node:assert/strict";
import { closeCodeOf, type ErrorCode } from "../../protocol/errors.ts";
import type { ServerFrame } from "../../protocol/frame.ts";
import { TIMES } from "../../protocol/limits.ts";
import { SERVER_LIMITS, type ServerLimits } from "../../server/config.ts";
import { PeerConnection } from "../../server/connection.ts";
import { SILENT } from "../../server/log.ts";
import { Flusher } from "../../server/outbox.ts";
import { AddressPaces } from "../../server/rate.ts";
import { Accounts } from "../../server/services/accounts.ts";
import { Conversations } from "../../server/services/conversations.ts";
import { Delivery } from "../../server/services/delivery.ts";
import type { Passwords } from "../../server/services/passwords.ts";
import { type FileLimits, Files } from "../../server/services/files.ts";
import { Invites } from "../../server/services/invites.ts";
import { People } from "../../server/services/people.ts";
import { Places } from "../../server/services/places.ts";
import { Presence } from "../../server/services/presence.ts";
import { Sessions } from "../../server/services/sessions.ts";
import { openTokens } from "../../server/services/tokens.ts";
import { DiskBlobs } from "../../server/store/blobs.ts";
import { FakeClock, settle } from "./fake_clock.ts";
import { MemoryConnection } from "./memory_transport.ts";
import { TestPeer } from "./peer.ts";
import { tempStore } from "./temp_store.ts";

/** Passwords without the thread, which takes half a second to start (`accounts_test.ts` has it). */
const PLAIN_PASSWORDS: Pick<Passwords, "hash" | "verify"> = {
  hash: (password) => Promise.resolve(`plain ${password}`),
  verify: (password, stored) =>
    Promise.resolve({ ok: stored === `plain ${password}`, rehash: false }),
};

/** Small enough to be reached by a test. */
const FILE_LIMITS: FileLimits = {
  largest: 1_000_000,
  quota: 2_000_000,
  count: 20,
  spare: 0,
  transfers: 6,
  keep: 1_000 * 60 * 60,
  keepPart: 1_000 * 60,
};

export async function startSocketless(
  limits: Partial<ServerLimits> = {},
  fileLimits: Partial<FileLimits> = {},
) {
  const { logins, failures, outbox, ...rates } = { ...SERVER_LIMITS, ...limits };
  const stack = new AsyncDisposableStack();
  const clock = new FakeClock();
  const { store } = stack.use(await tempStore());
  const keys = await Deno.makeTempDir({ prefix: "sotto-keys-" });
  stack.defer(() => Deno.remove(keys, { recursive: true }));
  const blobs = await Deno.makeTempDir({ prefix: "sotto-files-" });
  stack.defer(() => Deno.remove(blobs, { recursive: true }));
  const presence = new Presence({ clock });
  const conversations = new Conversations({ store, presence });
  const people = new People({ store, presence });
  const places = new Places({ store, conversations, presence, rooms: rates.rooms });
  const delivery = new Delivery({
    store,
    audience: conversations,
    clock,
    log: SILENT,
    limit: 1_000_000,
  });
  const invites = new Invites({ store: store.admission, clock });
  const accounts = new Accounts({
    store,
    invites,
    passwords: PLAIN_PASSWORDS,
    tokens: await openTokens(keys, { issuer: "test" }),
    registration: "open",
    logins: new AddressPaces(logins),
    failures: new AddressPaces(failures),
    clock,
    log: SILENT,
  });
  const sessions = new Sessions({ presence, conversations });
  const files = stack.use(
    new Files({
      store: store.files,
      blobs: new DiskBlobs(blobs),
      conversations,
      clock,
      limits: { ...FILE_LIMITS, ...fileLimits },
    }),
  );
  const log = SILENT;
  const services = {
    accounts,
    conversations,
    delivery,
    files,
    invites,
    people,
    places,
    presence,
    sessions,
    store,
    log,
  };
  const peers: PeerConnection[] = [];
  const flusher = new Flusher();
  const software = "test";
  const options = {
    services,
    flusher,
    clock,
    log: SILENT,
    rates,
    outbox,
    software,
  };
  /** A client whose server end is being served. */
  const connect = async () => {
    const { client, server } = MemoryConnection.pair();
    const peer = new PeerConnection(server, options);
    peers.push(peer);
    const gone = peer.run();
    stack.defer(async () => {
      await clock.pass(TIMES.linger); // What it still waits for, it waits for by this clock.
      await gone;
    });
    const test = new TestPeer(client, await client.openStream());
    stack.use(test);
    return Object.assign(test, { gone });
  };
  const signIn = async (name: string) => {
    const peer = await connect();
    await peer.hello();
    await peer.login(name);
    await settle();
    return peer;
  };
  /** Time as the server sees it, with its look at the time limits every second. */
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 1_000) {
      await clock.pass(Math.min(left, 1_000));
      for (const peer of peers) peer.check();
      await settle();
    }
  };
  return {
    ...services,
    clock,
    connect,
    signIn,
    pass,
    peers,
    /** The folder of the files' bytes. */
    blobs,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** An error's or a farewell's code; otherwise the frame's type. */
export function codeOf(frame: ServerFrame): string {
  return frame.type === "error" || frame.type === "bye" ? frame.code : frame.type;
}

/** The connection ends with this error, told in a frame first. */
export async function endsWith(
  peer: TestPeer,
  code: ErrorCode,
  pass: (ms: number) => Promise<void>,
) {
  assert.equal(codeOf(await peer.next("error")), code);
  await pass(2 * TIMES.linger);
  assert.equal((await peer.closed()).code, closeCodeOf(code));
}
