/** People: who is online (`who`), who somebody is (`resolve`), one's own status (`status`). */
import type { ClientFrames } from "../../protocol/frame.ts";
import type { Peer } from "../peer.ts";
import type { People } from "../services/people.ts";
import type { Presence } from "../services/presence.ts";
import { answer } from "./answer.ts";

export interface PeopleServices {
  readonly people: People;
  readonly presence: Presence;
}

export function who(frame: ClientFrames["who"], peer: Peer, services: PeopleServices): void {
  for (const page of services.presence.list(frame.id)) peer.send(page);
}

export function resolve(frame: ClientFrames["resolve"], peer: Peer, services: PeopleServices) {
  return answer(frame.id, peer, async () => ({
    type: "resolved",
    re: frame.id,
    ...await services.people.resolve(frame.users),
  }));
}

export function status(frame: ClientFrames["status"], peer: Peer, services: PeopleServices) {
  return answer(frame.id, peer, () => services.people.setStatus(peer.session, frame.status));
}
