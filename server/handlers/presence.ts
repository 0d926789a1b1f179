/** `who`: everyone who is online. */
import type { ClientFrames } from "../../protocol/frame.ts";
import type { Peer } from "../peer.ts";
import type { Presence } from "../services/presence.ts";

export interface PresenceServices {
  readonly presence: Presence;
}

export function who(frame: ClientFrames["who"], peer: Peer, services: PresenceServices): void {
  for (const page of services.presence.list(frame.id)) peer.send(page);
}
