/** The quiche engine at both ends, for the helpers of the contract suite. */
import type { Clock } from "../../../../protocol/clock.ts";
import { makeEngine } from "../../../../protocol/transport/quiche/engine.ts";
import { loadQuiche } from "../../../../protocol/transport/quiche/native.ts";
import { openSocket, whenRefused } from "../../../../protocol/transport/quiche/open_socket.ts";
import type { Engine } from "../../../../protocol/transport/transport.ts";
import { OVER_UDP, subjectOf } from "../contract/pair.ts";

export function makeQuiche(clock: Clock): Engine {
  const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));
  return makeEngine({ load: loadQuiche, openSocket, whenRefused, clock, random });
}

export const QUICHE = subjectOf("quiche", makeQuiche, makeQuiche, OVER_UDP);
