/**
 * The state that the interfaces show, made from events alone. `reduce` is pure. This is the only
 * such state.
 */
import { dmOf, GENERAL, parseConversation } from "../../protocol/names.ts";
import type { ChatEvent, EventOf, IncomingEvent, ProgressEvent, SealedEvent } from "../events.ts";

/** The most names of people who have written. */
const MOST_SPEAKERS = 500;
/** The most people online: as many as a server has connections. Further ones are left out. */
const MOST_PEOPLE = 10_000;
/** The most rooms and groups. A server has 1,000 rooms, and an account is in 256 groups. */
const MOST_PLACES = 2048;
/** The most conversations with unread messages. One more forgets the oldest. */
const MOST_UNREAD = 1024;

interface Person {
  readonly number: number;
  readonly status: string;
}

/** An own message that is not acknowledged. */
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
  /** Milliseconds; `undefined`: not measured on this connection yet. */
  readonly roundTrip: number | undefined;
  /** While reconnecting: seconds from the last event to the next attempt. */
  readonly retryIn: number | undefined;
  /** The account that is signed in. */
  readonly user: string | undefined;
  /** The current room, where text goes; `undefined`: the account is in no room. */
  readonly room: string | undefined;
  /** Who is online. */
  readonly people: ReadonlyMap<string, Person>;
  /** By ID, in the order of sending. */
  readonly sending: ReadonlyMap<string, Sending>;
  /** Messages of others by conversation, since the user was or wrote there; not of the current room. */
  readonly unread: ReadonlyMap<string, number>;
  /** Known rooms and groups. */
  readonly places: ReadonlySet<string>;
  /** People who have written, online or not. */
  readonly speakers: ReadonlySet<string>;
  /** The newest sealed message that is not opened. */
  readonly sealed: Pick<SealedEvent, "id" | "number"> | undefined;
  /** The last progress of each transfer, by the ID of its message. */
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
      const connection = "connected";
      return { ...state, connection, transport, roundTrip: undefined, retryIn: undefined };
    }
    case "round_trip":
      return { ...state, roundTrip: event.milliseconds };
    case "authenticated":
      return authenticated(state, event.user);
    case "users":
      return { ...state, people: peopleOf(state, event) };
    case "presence":
      return { ...state, people: withPresence(state, event) };
    case "room":
      return inRoom(state, event.conversation);
    case "sending":
      return sending(state, event);
    case "ack":
      return { ...state, sending: without(state.sending, event.id) };
    case "error":
      return event.id === undefined ? state : failed(state, event.id);
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
      return incoming(state, event);
    case "opened":
      return opened(state, event);
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

/** Another account starts with an empty state. */
function authenticated(state: State, user: string): State {
  if (state.user === undefined || state.user === user) return { ...state, user };
  const { connection, transport, roundTrip } = state;
  return { ...INITIAL, connection, transport, roundTrip, user };
}

/** The account itself is always among them: its status counts. */
function peopleOf({ user }: State, { users }: EventOf<"users">): State["people"] {
  const self = users.filter(({ name }) => name === user);
  return new Map(
    [...self, ...users.slice(0, MOST_PEOPLE - self.length)]
      .map(({ name, number, status }) => [name, { number, status }]),
  );
}

function inRoom(state: State, room: string | undefined): State {
  if (room === undefined) return { ...state, room };
  const unread = without(state.unread, room);
  return { ...state, room, unread, places: withPlaces(state.places, [room]) };
}

function sending(state: State, event: EventOf<"sending">): State {
  const { id, conversation, text, name } = event;
  return {
    ...state,
    sending: new Map(state.sending).set(id, { conversation, text, name }),
    unread: without(state.unread, conversation),
  };
}

/** `id`: of a message or a file. */
function failed(state: State, id: string): State {
  const { sending, transfers } = state;
  return { ...state, sending: without(sending, id), transfers: without(transfers, id) };
}

function incoming(state: State, event: IncomingEvent): State {
  return {
    ...state,
    unread: withMessage(state, event),
    places: withPlaces(state.places, [event.conversation]),
    speakers: withSpeaker(state.speakers, event.from),
    sealed: event.event === "sealed" && event.from !== state.user ? event : state.sealed,
  };
}

/** A user who opens a message has read the conversation. */
function opened(state: State, { id, from }: EventOf<"opened">): State {
  const unread = without(state.unread, dmOf(from, state.user ?? ""));
  return { ...state, unread, sealed: state.sealed?.id === id ? undefined : state.sealed };
}

function withPresence(
  { people, user: self }: State,
  { user, number, status }: EventOf<"presence">,
): State["people"] {
  if (status === "offline") return without(people, user);
  if (people.size >= MOST_PEOPLE && !people.has(user) && user !== self) return people;
  return new Map(people).set(user, { number, status });
}

/** Counts a message, unless the user sees it in the current room or wrote it. */
function withMessage(
  { unread, room, user }: State,
  { conversation, from }: { readonly conversation: string; readonly from: string },
): State["unread"] {
  if (conversation === room || from === user) return unread;
  const counts = new Map(unread).set(conversation, (unread.get(conversation) ?? 0) + 1);
  const [oldest] = counts.keys();
  if (counts.size > MOST_UNREAD && oldest !== undefined) counts.delete(oldest);
  return counts;
}

function changed(state: State, event: EventOf<"changed">): State {
  const { conversation, change, by, users } = event;
  const self = state.user ?? "";
  const isOut = change === "deleted" || change === "left" && by === self ||
    change === "removed" && users?.includes(self) === true;
  if (!isOut) return { ...state, places: withPlaces(state.places, [conversation]) };
  // A room that the account left still exists.
  const gone = change === "deleted" || parseConversation(conversation)?.type === "group";
  const places = new Set(state.places);
  if (gone) places.delete(conversation);
  return { ...state, places, unread: without(state.unread, conversation) };
}

function withPlaces(places: State["places"], heard: readonly string[]): State["places"] {
  const isNew = (id: string) => !places.has(id) && parseConversation(id)?.type !== "dm";
  const added = heard.filter(isNew).slice(0, MOST_PLACES - places.size);
  return added.length === 0 ? places : new Set([...places, ...added]);
}

/** Forgets the earliest speakers first. */
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
