/**
 * The contract of `protocol/transport/transport.ts` as tests: every engine runs all of it, as a
 * server and as a client, with itself and with the others.
 */
import { connectionContract } from "./contract/connections.ts";
import { dialContract } from "./contract/dial.ts";
import { hostilityContract } from "./contract/hostility.ts";
import { listenerContract } from "./contract/listeners.ts";
import { migrationContract } from "./contract/migration.ts";
import { type MakeEngine, type Nature, OVER_UDP, subjectOf } from "./contract/pair.ts";
import { secrecyContract } from "./contract/secrecy.ts";
import { streamContract } from "./contract/streams.ts";

export function transportContract(
  name: string,
  makeServer: MakeEngine,
  makeClient: MakeEngine,
  nature: Nature = OVER_UDP,
): void {
  const subject = subjectOf(name, makeServer, makeClient, nature);
  streamContract(subject);
  connectionContract(subject);
  dialContract(subject);
  listenerContract(subject);
  migrationContract(subject);
  secrecyContract(subject);
  if (nature.network === "udp") hostilityContract(subject);
}
