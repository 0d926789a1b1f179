/**
 * A server without sockets and without real time: its services on the real store, and connections
 * over streams in memory, by a clock that the test controls.
 */
import assert from "node:assert/strict";
import { closeCodeOf, type ErrorCode } from "../../protocol/errors.ts";
import type { ServerFrame } from "../../protocol/frame.ts";
import { TIMES } from "../../protocol/limits.ts";
import type { Connection } from "../../protocol/transport/transport.ts";
import { SERVER_LIMITS, type ServerLimits } from "../../server/config.ts";
import { type ConnectionOptions, PeerConnection } from "../../server/peer_connection.ts";
import { type Logger, SILENT } from "../../server/log.ts";
import { FrameRates } from "../../server/frame_rates.ts";
import { Flusher } from "../../server/outbox.ts";
import { Pacer } from "../../server/pacer.ts";
import { makeServices } from "../../server/services.ts";
import type { FileLimits } from "../../server/services/files.ts";
import type { Passwords } from "../../server/services/passwords.ts";
import { openTokens } from "../../server/token_key.ts";
import { DiskBlobs } from "../../server/store/blobs.ts";
import { FakeClock, settle } from "./fake_clock.ts";
import { MemoryConnection } from "./memory_transport.ts";
import { TestPeer } from "./peer.ts";
import { tempFolder } from "./temp_folder.ts";
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
  slowBytes: 64 * 1024,
  slowTime: 30_000,
  keep: 1_000 * 60 * 60,
  keepPart: 1_000 * 60,
};

export async function startSocketless(
  limits: Partial<ServerLimits> = {},
  fileLimits: Partial<FileLimits> = {},
  passwords = PLAIN_PASSWORDS,
  log: Logger = SILENT,
) {
  const stack = new AsyncDisposableStack();
  const clock = new FakeClock();
  const { store, file } = stack.use(await tempStore());
  const keys = stack.use(await tempFolder());
  const blobs = stack.use(await tempFolder());
  const { outbox, ...rates } = { ...SERVER_LIMITS, uncommitted: 1_000_000, ...limits };
  const pacer = new Pacer({ clock });
  const flusher = new Flusher();
  const services = makeServices({
    store,
    blobs: new DiskBlobs(blobs.path),
    passwords,
    tokens: await openTokens(keys.path, { issuer: "test" }),
    registration: "open",
    limits: rates,
    files: { ...FILE_LIMITS, ...fileLimits },
    clock,
    log,
    pacer,
    flusher,
  });
  stack.use(services.files);
  const options = {
    services,
    flusher,
    pacer,
    clock,
    log,
    rates: new FrameRates(rates, clock),
    outbox,
    software: "test",
  };
  return {
    ...services,
    ...connections(options, clock, stack),
    clock,
    /** The file of the database. */
    database: file,
    /** The folder of the files' bytes. */
    blobs: blobs.path,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Clients, and the ends of their connections that the server serves. */
function connections(options: ConnectionOptions, clock: FakeClock, stack: AsyncDisposableStack) {
  const peers: PeerConnection[] = [];
  /** Serves the server's end of a connection; resolves when that has ended. */
  const serve = (server: Connection): Promise<void> => {
    const peer = new PeerConnection(server, options);
    peers.push(peer);
    const gone = peer.run();
    stack.defer(async () => {
      await clock.pass(TIMES.linger); // The server waits so long for the client by this clock.
      server.close(0); // A test that has failed may have left the client's end open.
      await gone;
    });
    return gone;
  };
  /** A client whose connection is served. */
  const connect = async (address?: string) => {
    const { client, server } = MemoryConnection.pair(address);
    const gone = serve(server);
    const test = new TestPeer(client, await client.openStream());
    stack.use(test);
    return Object.assign(test, { gone });
  };
  const signIn = async (name: string, address?: string) => {
    const peer = await connect(address);
    await peer.hello();
    await peer.login(name);
    await settle();
    return peer;
  };
  /** Lets time pass, and the server check its time limits every second. */
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 1_000) {
      await clock.pass(Math.min(left, 1_000));
      for (const peer of peers) peer.check();
      await settle();
    }
  };
  return { serve, connect, signIn, pass, peers };
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
