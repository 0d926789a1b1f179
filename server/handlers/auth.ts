/** `login`, `resume` and `logout`. */
import type { ClientFrames } from "../../protocol/frame.ts";
import type { Logger } from "../log.ts";
import type { Peer } from "../peer.ts";
import type { Accounts, SignInResult } from "../services/accounts.ts";
import type { Rooms } from "../services/rooms.ts";
import type { Sessions } from "../services/sessions.ts";
import { sendConversations } from "./sync.ts";

interface AuthServices {
  readonly accounts: Accounts;
  readonly rooms: Rooms;
  readonly sessions: Sessions;
  readonly log: Logger;
}

const TOO_MANY_SESSIONS =
  "This account has as many sessions at once as it may have. End one of them, or wait a minute.";

export async function login(frame: ClientFrames["login"], peer: Peer, services: AuthServices) {
  const result = await services.accounts.login(frame, peer);
  const isIn = await signIn(frame.id, result, peer, services);
  // No one has got its token.
  if (!isIn && result.type === "signed_in") await services.accounts.logout(result.loginId);
}

export async function resume(frame: ClientFrames["resume"], peer: Peer, services: AuthServices) {
  await signIn(frame.id, await services.accounts.resume(frame.token), peer, services);
}

export async function logout(frame: ClientFrames["logout"], peer: Peer, services: AuthServices) {
  if (peer.isSignedIn) {
    const { session } = peer;
    await services.accounts.logout(session.loginId);
    services.sessions.revokeLogin(session);
    services.log.info("signed_out", { user: session.account.name, peer: peer.address });
  }
  peer.signOut(frame.id);
}

/** `false`: it was refused, or the session has ended meanwhile. */
async function signIn(
  re: number,
  result: SignInResult,
  peer: Peer,
  services: AuthServices,
): Promise<boolean> {
  if (result.type === "refused") {
    services.log.info("sign_in_refused", { code: result.code, peer: peer.address });
    peer.refuseSignIn(result.code, result.message);
    return false;
  }
  const { account, loginId, token, expires, created } = result;
  const { name: user, number, status } = account;
  if (!services.sessions.hasRoom(user)) {
    services.log.info("sign_in_refused", { code: "busy", peer: peer.address });
    peer.refuseSignIn("busy", TOO_MANY_SESSIONS);
    return false;
  }
  if (!peer.signIn({ account: { name: user, number }, loginId })) return false;
  services.log.info("signed_in", { user, created, peer: peer.address });
  peer.send({ type: "authenticated", re, user, number, token, expires, created });
  await services.sessions.add(peer.session, status);
  await sendConversations(peer, services);
  return true;
}
