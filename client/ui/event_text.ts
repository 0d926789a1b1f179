/**
 * What the client itself says about an event: everything but messages and errors. Pure. Names and
 * texts that others chose are made safe here or by the caller.
 */
import type { ListedRoom } from "../../protocol/frame.ts";
import { parseConversation } from "../../protocol/names.ts";
import { safeLabel } from "../../protocol/safe_text.ts";
import type { ChatEvent, EventOf } from "../events.ts";
import { fileName, filesTexts, progressText, startText } from "./file_text.ts";
import { conversationLabel, statusLabel, userLabel, userName } from "./labels.ts";
import type { State } from "./state.ts";

/** Events that are shown in another way. */
type OtherEvent = EventOf<
  "message" | "sealed" | "offer" | "opened" | "ack" | "history" | "search" | "invite" | "error"
>;

/** The most characters of a topic. */
const MOST_TOPIC = 256;

/** One text for each line. `state` is the one before the event. */
export function eventTexts(state: State, event: Exclude<ChatEvent, OtherEvent>): string[] {
  switch (event.event) {
    case "connected": {
      const { resumed, address, transport } = event;
      return [resumed ? "connected again" : `connected to ${address} over ${transport}`];
    }
    case "authenticated":
      return authenticatedTexts(state, event);
    case "users":
      return [`online: ${event.users.map(userLabel).join(", ")}`];
    case "presence":
      return [presenceText(state, event)];
    case "status":
      return [`your status is ${statusLabel(event.status)}`];
    case "unread":
      return [unreadText(state, event)];
    case "room":
      return [roomText(state, event)];
    case "rooms":
      return placeTexts(state, "rooms", event.rooms);
    case "groups":
      return placeTexts(state, "groups", event.groups);
    case "members": {
      const users = event.users.map(userLabel).join(", ");
      return [`members of ${conversationLabel(state, event.conversation)}: ${users}`];
    }
    case "changed":
      return [changeText(state, event)];
    case "sending":
      if (state.connection !== "reconnecting") return [];
      return ["not connected: the message is kept, and sent after reconnecting"];
    case "progress":
      return [state.transfers.has(event.id) ? progressText(event) : startText(state, event)];
    case "file":
      // The acknowledgement of its message says that a file was sent.
      return event.path === undefined ? [] : [`received ${fileName(event)}: ${event.path}`];
    case "files":
      return filesTexts(state, event);
    case "notice":
      // A server may be down all night, and each attempt to reconnect is like the one before.
      if (event.code === "reconnecting" && state.connection === "reconnecting") return [];
      return [event.text];
    case "marked":
    case "round_trip":
    case "closed": // The program says on standard error why it ended.
      return [];
  }
}

function authenticatedTexts(state: State, event: EventOf<"authenticated">): string[] {
  const { user, number, created } = event;
  if (state.user === user) return [];
  return [`${created ? "registered and " : ""}signed in as ${user}, number ${number}`];
}

function presenceText(state: State, { user, status }: EventOf<"presence">): string {
  // It may have been set on another device.
  if (user === state.user) return `your status is ${statusLabel(status)}`;
  const name = userName(user);
  if (status === "offline") return `${name} went offline`;
  if (!state.people.has(user)) return `${name} is online`;
  return status === "normal" ? `${name} is back` : `${name} is ${statusLabel(status)}`;
}

/** `unread: 3 in #general, 1 from bob`. */
function unreadText(state: State, { conversations }: EventOf<"unread">): string {
  const parts = conversations.map(({ conversation, unread }) => {
    const preposition = parseConversation(conversation)?.type === "dm" ? "from" : "in";
    return `${unread} ${preposition} ${conversationLabel(state, conversation)}`;
  });
  return `unread: ${parts.join(", ")}`;
}

function roomText(state: State, { conversation }: EventOf<"room">): string {
  return conversation === undefined
    ? "you are in no room; /rooms lists the rooms, and /join ROOM enters one"
    : `what you type now goes to ${conversationLabel(state, conversation)}`;
}

/** A line for each room or group. */
function placeTexts(
  state: State,
  kind: "rooms" | "groups",
  places: readonly ListedRoom[],
): string[] {
  if (places.length === 0) return [`no ${kind}`];
  return places.map(({ conversation, people, topic, member }) => {
    const count = people === 1 ? "1 person" : `${people} people`;
    // One is a member of each group that is listed.
    const including = kind === "rooms" && member ? ", including you" : "";
    const about = topic === "" ? "" : `: ${safeLabel(topic, MOST_TOPIC)}`;
    return `${conversationLabel(state, conversation)} (${count}${including})${about}`;
  });
}

/** `bob created [crew] with you`. */
function changeText(state: State, event: EventOf<"changed">): string {
  const nameOf = (user: string) => user === state.user ? "you" : userName(user);
  const by = nameOf(event.by);
  const place = conversationLabel(state, event.conversation);
  const users = event.users?.map(nameOf).join(", ");
  const topic = safeLabel(event.topic ?? "", MOST_TOPIC);
  switch (event.change) {
    case "created": {
      const members = users === undefined ? "" : ` with ${users}`;
      return `${by} created ${place}${members}${topic && `: ${topic}`}`;
    }
    case "joined":
    case "left":
    case "deleted":
      return `${by} ${event.change} ${place}`;
    case "added":
      return `${by} added ${users ?? "a member"} to ${place}`;
    case "removed":
      return `${by} removed ${users ?? "a member"} from ${place}`;
    case "topic":
      return topic === ""
        ? `${by} removed the topic of ${place}`
        : `${by} set the topic of ${place}: ${topic}`;
  }
}
