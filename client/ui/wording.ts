/**
 * Rooms, groups and people in words, for eyes and ears. Pure; what the server and others wrote is
 * made safe here.
 */
import type { ListedRoom } from "../../protocol/frame.ts";
import { parseConversation, peerOf } from "../../protocol/names.ts";
import { safeLabel } from "../../protocol/safe_text.ts";
import type { ChatEvent } from "../events.ts";
import type { State } from "./state.ts";

type EventOf<Name extends ChatEvent["event"]> = Extract<ChatEvent, { event: Name }>;

/** A name as the server gave it: plain, if the server is honest. */
export function name(text: string): string {
  return safeLabel(text, 32);
}

/** `bob (2, away)`. */
export function nameOf(user: { number: number; name: string; status: string }): string {
  const status = user.status === "normal" ? "" : `, ${safeLabel(user.status, 16)}`;
  return `${name(user.name)} (${user.number}${status})`;
}

/** A conversation: `#tech`, `[crew]`, or the other person's name. */
export function label(state: State, conversation: string): string {
  const parsed = parseConversation(conversation);
  switch (parsed?.type) {
    case "room":
      return `#${parsed.name}`;
    case "group":
      return `[${parsed.name}]`;
    default:
      return name(peerOf(conversation, state.user ?? "") ?? conversation);
  }
}

/** `in #tech`, `with bob`. */
export function inPlace(state: State, { conversation }: { readonly conversation: string }): string {
  const preposition = parseConversation(conversation)?.type === "dm" ? "with" : "in";
  return `${preposition} ${label(state, conversation)}`;
}

/** `unread: 3 in #general, 1 from bob`. */
export function unreadText(state: State, { conversations }: EventOf<"unread">): string {
  const parts = conversations.map(({ conversation, unread }) => {
    const preposition = parseConversation(conversation)?.type === "dm" ? "from" : "in";
    return `${unread} ${preposition} ${label(state, conversation)}`;
  });
  return `unread: ${parts.join(", ")}`;
}

/** A line for each room or group. */
export function listText(
  state: State,
  kind: "rooms" | "groups",
  places: readonly ListedRoom[],
): string[] {
  if (places.length === 0) return [`no ${kind}`];
  return places.map(({ conversation, people, topic, member }) => {
    const count = people === 1 ? "1 person" : `${people} people`;
    const yours = kind === "groups" ? "" : member ? ", you among them" : "";
    const about = topic === "" ? "" : `: ${safeLabel(topic, 256)}`;
    return `${label(state, conversation)} (${count}${yours})${about}`;
  });
}

/** What somebody did with a room or group. */
export function changeText(state: State, event: EventOf<"changed">): string {
  const you = event.by === state.user;
  const where = label(state, event.conversation);
  const users = event.users?.map((user) => user === state.user ? "you" : name(user)).join(", ");
  const have = `${you ? "you have" : `${name(event.by)} has`}`;
  switch (event.change) {
    case "created": {
      const others = users === undefined ? "" : ` with ${users}`;
      const about = event.topic ? `: ${safeLabel(event.topic, 256)}` : "";
      return `${have} made ${where}${others}${about}`;
    }
    case "joined":
    case "left":
    case "deleted":
      return `${have} ${event.change} ${where}`;
    case "added":
      return `${have} added ${users ?? "nobody"} to ${where}`;
    case "removed":
      return `${have} removed ${users ?? "nobody"} from ${where}`;
    case "topic":
      return event.topic === undefined || event.topic === ""
        ? `${have} taken the topic from ${where}`
        : `${have} set the topic of ${where}: ${safeLabel(event.topic, 256)}`;
  }
}
