/**
 * Which handler a frame goes to, and which rate limit counts it: one row for each type. The session
 * has checked before that the frame is allowed in its state and on its stream
 * (`protocol/session/rules.ts`).
 */
import type { TransferType } from "../protocol/session/rules.ts";
import type { AcceptedFrame } from "../protocol/session/server.ts";
import type { ClientFrames, ServerFrame } from "../protocol/frame.ts";
import type { Limit } from "./frame_rates.ts";
import { login, logout, resume } from "./handlers/auth.ts";
import { type ChunkReader, download, upload } from "./handlers/files.ts";
import { history } from "./handlers/history.ts";
import { invite } from "./handlers/invite.ts";
import { send } from "./handlers/message.ts";
import { resolve, status, who } from "./handlers/users.ts";
import {
  add,
  create,
  deletePlace,
  join,
  leave,
  list,
  members,
  remove,
  topic,
} from "./handlers/rooms.ts";
import { search } from "./handlers/search.ts";
import { mark, sync } from "./handlers/sync.ts";
import type { Peer } from "./peer.ts";
import type { Services } from "./services.ts";
import type { SignedInSession } from "./services/signed_in_session.ts";

interface Row<Frame> {
  readonly limit: Limit;
  readonly handle: (frame: Frame, peer: Peer, services: Services) => void | Promise<void>;
}

interface TransferRow<Frame> {
  readonly limit: Limit;
  /** The frames of the answer, in groups. */
  readonly handle: (
    frame: Frame,
    session: SignedInSession,
    services: Services,
    stream: ChunkReader,
  ) => AsyncGenerator<ServerFrame[]>;
}

export type TransferFrame = ClientFrames[TransferType];
type SessionFrame = Exclude<AcceptedFrame, TransferFrame | ClientFrames["chunk"]>;
type SessionType = SessionFrame["type"];

const SESSION: { readonly [Type in SessionType]: Row<ClientFrames[Type]> } = {
  login: { limit: "requests", handle: login },
  resume: { limit: "requests", handle: resume },
  logout: { limit: "requests", handle: logout },
  send: { limit: "sends", handle: send },
  sync: { limit: "lists", handle: sync },
  mark: { limit: "requests", handle: mark },
  who: { limit: "lists", handle: who },
  resolve: { limit: "requests", handle: resolve },
  status: { limit: "changes", handle: status },
  list: { limit: "lists", handle: list },
  members: { limit: "lists", handle: members },
  create: { limit: "changes", handle: create },
  join: { limit: "changes", handle: join },
  leave: { limit: "changes", handle: leave },
  topic: { limit: "changes", handle: topic },
  invite: { limit: "changes", handle: invite },
  add: { limit: "changes", handle: add },
  remove: { limit: "changes", handle: remove },
  delete: { limit: "changes", handle: deletePlace },
};

const TRANSFERS: { readonly [Type in TransferType]: TransferRow<ClientFrames[Type]> } = {
  history: { limit: "requests", handle: history },
  search: { limit: "lists", handle: search },
  upload: { limit: "changes", handle: upload },
  download: { limit: "requests", handle: download },
};

/** Calls the handler of a frame that was accepted on the session stream. */
export function dispatch<Type extends SessionType>(
  type: Type,
  frame: ClientFrames[Type],
  peer: Peer,
  services: Services,
): void | Promise<void> {
  const row: Row<ClientFrames[Type]> = SESSION[type];
  return row.handle(frame, peer, services);
}

/** Calls the handler of a request that was accepted on a transfer stream. */
export function dispatchTransfer<Type extends TransferType>(
  type: Type,
  request: ClientFrames[Type],
  session: SignedInSession,
  services: Services,
  stream: ChunkReader,
): AsyncGenerator<ServerFrame[]> {
  const row: TransferRow<ClientFrames[Type]> = TRANSFERS[type];
  return row.handle(request, session, services, stream);
}

export function isTransfer(frame: AcceptedFrame): frame is TransferFrame {
  return Object.hasOwn(TRANSFERS, frame.type);
}

/** The limit that counts a frame. `undefined`: the session has answered or refused it by itself. */
export function limitOf(frame: AcceptedFrame | undefined): Limit {
  if (frame === undefined) return "requests";
  if (frame.type === "chunk") return "requests";
  return isTransfer(frame) ? TRANSFERS[frame.type].limit : SESSION[frame.type].limit;
}
