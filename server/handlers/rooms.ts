/** Rooms and groups: listing, creating, joining, leaving and changing them. */
import type { ClientFrames, ServerFrame } from "../../protocol/frame.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Peer } from "../peer.ts";
import type { Rooms } from "../services/rooms.ts";
import { pages, respond } from "./respond.ts";

interface RoomServices {
  readonly rooms: Rooms;
}

export function create(frame: ClientFrames["create"], peer: Peer, { rooms }: RoomServices) {
  return respond(frame.id, peer, async () => ({
    type: "conversation",
    re: frame.id,
    ...await rooms.create(peer.session, frame),
  }));
}

export function join(frame: ClientFrames["join"], peer: Peer, { rooms }: RoomServices) {
  return respond(frame.id, peer, async () => ({
    type: "conversation",
    re: frame.id,
    ...await rooms.join(peer.session, frame.conversation),
  }));
}

export function leave(frame: ClientFrames["leave"], peer: Peer, { rooms }: RoomServices) {
  return respond(frame.id, peer, () => rooms.leave(peer.session, frame.conversation));
}

export function remove(frame: ClientFrames["remove"], peer: Peer, { rooms }: RoomServices) {
  const { id, conversation, users } = frame;
  return respond(id, peer, () => rooms.remove(peer.session, conversation, users));
}

export function add(frame: ClientFrames["add"], peer: Peer, { rooms }: RoomServices) {
  const { id: re, conversation } = frame;
  return respond(re, peer, async () => {
    const users = await rooms.add(peer.session, conversation, frame.users);
    return { type: "done", re, users };
  });
}

export function deletePlace(
  frame: ClientFrames["delete"],
  peer: Peer,
  { rooms }: RoomServices,
) {
  return respond(frame.id, peer, () => rooms.delete(peer.session, frame.conversation));
}

export function topic(frame: ClientFrames["topic"], peer: Peer, { rooms }: RoomServices) {
  const { id, conversation, topic } = frame;
  return respond(id, peer, () => rooms.setTopic(peer.session, conversation, topic));
}

export function list(frame: ClientFrames["list"], peer: Peer, { rooms }: RoomServices) {
  const { id: re, kind } = frame;
  return respond(re, peer, async () => {
    const listed = await rooms.list(peer.session.account.name, kind);
    return pages(listed, LIMITS.listed, (conversations, more): ServerFrame => {
      return { type: "listed", re, conversations, more };
    });
  });
}

export function members(
  frame: ClientFrames["members"],
  peer: Peer,
  { rooms }: RoomServices,
) {
  const { id: re, conversation } = frame;
  return respond(re, peer, async () => {
    const { creator, users } = await rooms.members(peer.session, conversation);
    const made = creator === undefined ? {} : { creator };
    return pages(users, LIMITS.list, (users, more): ServerFrame => {
      return { type: "membership", re, conversation, ...made, users, more };
    });
  });
}
