/** Users: who is online (`who`), who a name is (`resolve`), setting a status (`status`). */
import type { ClientFrames } from "../../protocol/frame.ts";
import type { Peer } from "../peer.ts";
import type { Presence } from "../services/presence.ts";
import type { Users } from "../services/users.ts";
import { respond } from "./respond.ts";

interface UserServices {
  readonly users: Users;
  readonly presence: Presence;
}

export function who(frame: ClientFrames["who"], peer: Peer, services: UserServices): void {
  for (const page of services.presence.answer(frame.id)) peer.send(page);
}

export function resolve(frame: ClientFrames["resolve"], peer: Peer, services: UserServices) {
  return respond(frame.id, peer, async () => ({
    type: "resolved",
    re: frame.id,
    ...await services.users.resolve(frame.users),
  }));
}

export function status(frame: ClientFrames["status"], peer: Peer, services: UserServices) {
  return respond(frame.id, peer, () => services.users.setStatus(peer.session, frame.status));
}
