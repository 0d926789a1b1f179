/** Requests one by one: when the answer is an error, nothing in the database has changed. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import type { ServerFrame } from "../../protocol/frame.ts";
import { startSocketless } from "../helpers/socketless.ts";
import type { FuzzTarget } from "./batch.ts";
import { clientBodies, PEOPLE } from "./likely_frames.ts";
import { RawClient } from "./raw_client.ts";
import { FAST, prepare } from "./server_frames.ts";

const RUNS = 6;

interface Request {
  readonly user: string;
  readonly body: Uint8Array;
  readonly isTransfer: boolean;
}

const request: fc.Arbitrary<Request> = fc.oneof(
  ...([["session", 4], ["transfer", 1]] as const).map(([kind, weight]) => ({
    weight,
    arbitrary: fc.record({
      user: fc.constantFrom(...PEOPLE),
      body: clientBodies("AUTHENTICATED", kind),
      isTransfer: fc.constant(kind === "transfer"),
    }),
  })),
);

export const refusals: FuzzTarget = {
  name: "refusals",
  promise: "Server changes nothing when it refuses a request",
  run: (batch) =>
    batch.tryInputs(RUNS, fc.array(request, { minLength: 30, maxLength: 100, size: "max" }), play),
};

async function play(requests: readonly Request[]): Promise<void> {
  await using server = await startSocketless(FAST);
  await prepare(server);
  using database = new DatabaseSync(server.database, { readOnly: true });
  // Another number after each change that another connection has made.
  const version = () => database.prepare("PRAGMA data_version").get()?.["data_version"];
  const clients = new Map<string, RawClient>();
  for (const { user, body, isTransfer } of requests) {
    let client = clients.get(user);
    if (client === undefined || client.isOver) {
      await client?.leave("close");
      client = await RawClient.connect(server, user, "signed in");
      clients.set(user, client);
    }
    const before = version();
    const answers = isTransfer ? await askAside(client, body) : await ask(client, body);
    if (answers.length === 0 || answers.some(({ type }) => type !== "error")) continue;
    assert.equal(version(), before, `${JSON.stringify(answers)} answers a change`);
  }
  for (const client of clients.values()) await client.leave("end");
}

/** What answers a request on the session stream. */
async function ask(client: RawClient, body: Uint8Array): Promise<ServerFrame[]> {
  const { length } = client.frames;
  client.write(body);
  const pong = await client.ask({ type: "ping", id: 0 });
  return client.frames.slice(length).filter((frame) =>
    frame !== pong && (frame.type === "error" || "re" in frame && frame.re !== undefined)
  );
}

/** What answers a request on a stream of its own. */
async function askAside(client: RawClient, body: Uint8Array): Promise<readonly ServerFrame[]> {
  const stream = await client.transfer([body], false);
  if (stream === undefined) return [];
  await client.finish(stream);
  return stream.frames;
}
