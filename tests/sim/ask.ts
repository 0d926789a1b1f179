/** Asks a client for something, again and again until there is an answer. */
import type { Intent } from "../../client/events.ts";
import type { Record } from "./record.ts";
import type { SimClient } from "./sim_client.ts";
import type { World } from "./world.ts";

/** Attempts, and milliseconds between two. */
const TRIES = 10;
const RETRY = 5_000;

/** A connection may have been lost, and nobody have noticed. */
export async function ask(
  client: SimClient,
  intent: Intent,
  world: World,
  isAnswered: (record: Record) => boolean,
): Promise<void> {
  const record = client.running?.record;
  for (let tries = 0; tries < TRIES; tries++) {
    await client.do(intent);
    await client.running?.chat.shown();
    if (record !== undefined && isAnswered(record)) return;
    await world.pause(RETRY);
  }
}
