/**
 * The contract of `protocol/transport/transport.ts` as tests: every engine runs all of it, as a
 * server and as a client, with itself and with the others.
 */
import type { Engine } from "../../../protocol/transport/transport.ts";
import { connectionContract } from "./contract/connections.ts";
import { dialContract } from "./contract/dial.ts";
import { hostilityContract } from "./contract/hostility.ts";
import { listenerContract } from "./contract/listeners.ts";
import { migrationContract } from "./contract/migration.ts";
import { type Nature, OVER_UDP, type Subject } from "./contract/pair.ts";
import { streamContract } from "./contract/streams.ts";

export function transportContract(
  name: string,
  server: Engine,
  client: Engine,
  nature: Nature = OVER_UDP,
): void {
  const subject: Subject = { name, server, client, nature };
  streamContract(subject);
  connectionContract(subject);
  dialContract(subject);
  listenerContract(subject);
  migrationContract(subject);
  if (nature.network === "udp") hostilityContract(subject);
}
