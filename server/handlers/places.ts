/** Rooms and groups: finding, making, joining, leaving and changing them. */
import type { ClientFrames, ServerFrame } from "../../protocol/frame.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Peer } from "../peer.ts";
import type { Places } from "../services/places.ts";
import { answer, pages } from "./answer.ts";

export interface PlaceServices {
  readonly places: Places;
}

export function create(frame: ClientFrames["create"], peer: Peer, { places }: PlaceServices) {
  return answer(frame.id, peer, async () => ({
    type: "conversation",
    re: frame.id,
    ...await places.create(peer.session, frame),
  }));
}

export function join(frame: ClientFrames["join"], peer: Peer, { places }: PlaceServices) {
  return answer(frame.id, peer, async () => ({
    type: "conversation",
    re: frame.id,
    ...await places.join(peer.session, frame.conversation),
  }));
}

export function leave(frame: ClientFrames["leave"], peer: Peer, { places }: PlaceServices) {
  return answer(frame.id, peer, () => places.leave(peer.session, frame.conversation));
}

export function remove(frame: ClientFrames["remove"], peer: Peer, { places }: PlaceServices) {
  const { id, conversation, users } = frame;
  return answer(id, peer, () => places.remove(peer.session, conversation, users));
}

export function add(frame: ClientFrames["add"], peer: Peer, { places }: PlaceServices) {
  const { id: re, conversation } = frame;
  return answer(re, peer, async () => {
    const users = await places.add(peer.session, conversation, frame.users);
    return { type: "done", re, users };
  });
}

export function deletePlace(frame: ClientFrames["delete"], peer: Peer, { places }: PlaceServices) {
  return answer(frame.id, peer, () => places.delete(peer.session, frame.conversation));
}

export function topic(frame: ClientFrames["topic"], peer: Peer, { places }: PlaceServices) {
  const { id, conversation, topic } = frame;
  return answer(id, peer, () => places.setTopic(peer.session, conversation, topic));
}

export function list(frame: ClientFrames["list"], peer: Peer, { places }: PlaceServices) {
  const { id: re, kind } = frame;
  return answer(re, peer, async () => {
    const listed = await places.list(peer.session.account.name, kind);
    return pages(listed, LIMITS.listed, (conversations, more): ServerFrame => {
      return { type: "listed", re, conversations, more };
    });
  });
}

export function members(frame: ClientFrames["members"], peer: Peer, { places }: PlaceServices) {
  const { id: re, conversation } = frame;
  return answer(re, peer, async () => {
    const { creator, users } = await places.members(peer.session, conversation);
    const made = creator === undefined ? {} : { creator };
    return pages(users, LIMITS.list, (users, more): ServerFrame => {
      return { type: "membership", re, conversation, ...made, users, more };
    });
  });
}
