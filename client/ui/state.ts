/**
 * What an interface needs to know to show things, made from the events alone: `reduce` is pure, and
 * nothing else holds such state.
 */
import { dmOf, GENERAL, parseConversation } from "../../protocol/names.ts";
import type { ChatEvent, ProgressEvent, SealedEvent } from "../events.ts";

/** Speakers that are remembered. */
const MOST_SPEAKERS = 500;

export interface Person {
  readonly number: number;
  readonly status: string;
}

/** An own message that is not acknowledged yet. */
export interface Sending {
  readonly conversation: string;
  /** `undefined`: sealed, or a file. */
  readonly text: string | undefined;
  /** Of a file. */
  readonly name?: string | undefined;
}

export interface State {
  readonly connection: "connecting" | "connected" | "reconnecting" | "closed";
  readonly transport: "quic" | "tls" | undefined;
  /** To the server and back, milliseconds; `undefined`: not measured on this connection. */
  readonly roundTrip: number | undefined;
  /** While reconnecting: seconds from the last event to the next attempt. */
  readonly retryIn: number | undefined;
  /** Who is signed in. */
  readonly user: string | undefined;
  /** Where text goes; `undefined`: nowhere, the account is in no room. */
  readonly room: string | undefined;
  /** Who is online. */
  readonly people: ReadonlyMap<string, Person>;
  /** In the order in which they were said. */
  readonly sending: ReadonlyMap<string, Sending>;
  /** What others said elsewhere than in the current room, since one last was or wrote there. */
  readonly unread: ReadonlyMap<string, number>;
  /** Rooms and groups that were heard of. */
  readonly places: ReadonlySet<string>;
  /** Who said something here, whether they are online or not. */
  readonly speakers: ReadonlySet<string>;
  /** The newest sealed message that was not opened. */
  readonly sealed: Pick<SealedEvent, "id" | "number"> | undefined;
  /** Files on their way, by the ID of their message: how far each had come when it last told. */
  readonly transfers: ReadonlyMap<string, ProgressEvent>;
}

export const INITIAL: State = {
  connection: "connecting",
  transport: undefined,
  roundTrip: undefined,
  retryIn: undefined,
  user: undefined,
  room: GENERAL,
  people: new Map(),
  sending: new Map(),
  unread: new Map(),
  places: new Set(),
  speakers: new Set(),
  sealed: undefined,
  transfers: new Map(),
};

/** The state after the event. */
export function reduce(state: State, event: ChatEvent): State {
  switch (event.event) {
    case "connected": {
      const { transport } = event;
      return {
        ...state,
        connection: "connected",
        transport,
        roundTrip: undefined,
        retryIn: undefined,
      };
    }
    case "round_trip":
      return { ...state, roundTrip: event.milliseconds };
    case "authenticated": {
      const { user } = event;
      // What one account has seen is not the next one's.
      if (state.user === undefined || state.user === user) return { ...state, user };
      const { connection, transport, roundTrip } = state;
      return { ...INITIAL, connection, transport, roundTrip, user };
    }
    case "users": {
      const people = event.users.map(({ name, number, status }) =>
        [name, { number, status }] as const
      );
      return { ...state, people: new Map(people) };
    }
    case "presence":
      return { ...state, people: withPresence(state.people, event) };
    case "room": {
      const { conversation } = event;
      return {
        ...state,
        room: conversation,
        unread: conversation === undefined ? state.unread : without(state.unread, conversation),
        places: withPlaces(state.places, conversation === undefined ? [] : [conversation]),
      };
    }
    case "sending": {
      const { id, conversation, text, name } = event;
      return {
        ...state,
        sending: new Map(state.sending).set(id, { conversation, text, name }),
        unread: without(state.unread, conversation),
      };
    }
    case "ack":
      return { ...state, sending: without(state.sending, event.id) };
    case "error":
      return event.id === undefined ? state : {
        ...state,
        sending: without(state.sending, event.id),
        transfers: without(state.transfers, event.id),
      };
    case "progress":
      return { ...state, transfers: new Map(state.transfers).set(event.id, event) };
    case "file":
      return { ...state, transfers: without(state.transfers, event.id) };
    case "notice":
      if (event.code !== "reconnecting") return state;
      return { ...state, connection: "reconnecting", retryIn: event.in };
    case "closed":
      return { ...state, connection: "closed", people: new Map(), transfers: new Map() };
    case "message":
    case "sealed":
    case "offer":
      return {
        ...state,
        unread: withMessage(state, event),
        places: withPlaces(state.places, [event.conversation]),
        speakers: withSpeaker(state.speakers, event.from),
        sealed: event.event === "sealed" && event.from !== state.user ? event : state.sealed,
      };
    case "opened": {
      // Whoever opens what somebody sent has seen it.
      const unread = without(state.unread, dmOf(event.from, state.user ?? ""));
      return { ...state, unread, sealed: state.sealed?.id === event.id ? undefined : state.sealed };
    }
    case "marked":
    case "history":
      return { ...state, unread: without(state.unread, event.conversation) };
    case "rooms":
      return { ...state, places: withPlaces(state.places, event.rooms.map(conversationOf)) };
    case "groups":
      return { ...state, places: withPlaces(state.places, event.groups.map(conversationOf)) };
    case "changed":
      return changed(state, event);
    case "search":
    case "unread":
    case "members":
    case "invite":
    case "status":
    case "files":
      return state;
  }
}

function withPresence(
  people: State["people"],
  { user, number, status }: Extract<ChatEvent, { event: "presence" }>,
): State["people"] {
  if (status === "offline") return without(people, user);
  return new Map(people).set(user, { number, status });
}

/** What comes to the current room is in sight; all else is counted, save one's own. */
function withMessage(
  { unread, room, user }: State,
  { conversation, from }: { readonly conversation: string; readonly from: string },
): State["unread"] {
  if (conversation === room || from === user) return unread;
  return new Map(unread).set(conversation, (unread.get(conversation) ?? 0) + 1);
}

function changed(state: State, event: Extract<ChatEvent, { event: "changed" }>): State {
  const { conversation, change, by, users } = event;
  const self = state.user ?? "";
  const isOut = change === "deleted" || change === "left" && by === self ||
    change === "removed" && users?.includes(self) === true;
  if (!isOut) return { ...state, places: withPlaces(state.places, [conversation]) };
  // A room that one left is there as before.
  const gone = change === "deleted" || parseConversation(conversation)?.type === "group";
  const places = new Set(state.places);
  if (gone) places.delete(conversation);
  return { ...state, places, unread: without(state.unread, conversation) };
}

function withPlaces(places: State["places"], heard: readonly string[]): State["places"] {
  const isNew = (id: string) => !places.has(id) && parseConversation(id)?.type !== "dm";
  const added = heard.filter(isNew);
  return added.length === 0 ? places : new Set([...places, ...added]);
}

/** Those who came first are the first to be forgotten. */
function withSpeaker(speakers: State["speakers"], name: string): State["speakers"] {
  if (speakers.has(name)) return speakers;
  return new Set([...speakers, name].slice(-MOST_SPEAKERS));
}

function conversationOf({ conversation }: { readonly conversation: string }): string {
  return conversation;
}

function without<Value>(map: ReadonlyMap<string, Value>, key: string): ReadonlyMap<string, Value> {
  if (!map.has(key)) return map;
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}
