/** `invite`: an admin asks for a code that creates an account. */
import type { ClientFrames } from "../../protocol/frame.ts";
import type { Logger } from "../log.ts";
import type { Peer } from "../peer.ts";
import type { Invitations } from "../services/invitations.ts";
import { respond } from "./respond.ts";

interface InviteServices {
  readonly invitations: Invitations;
  readonly log: Logger;
}

export function invite(frame: ClientFrames["invite"], peer: Peer, services: InviteServices) {
  const { id: re, uses, lifetime } = frame;
  return respond(re, peer, async () => {
    const by = peer.session.account.name;
    const created = await services.invitations.create({ by, uses, lifetime });
    const { code, number, ...rest } = created;
    services.log.info("invited", { user: by, number, uses: rest.uses });
    return { type: "invited", re, code, ...rest };
  });
}
