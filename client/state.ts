/**
 * What an interface needs to know to show things, made from the events alone: `reduce` is pure, and
 * nothing else holds such state.
 */
import { GENERAL } from "../protocol/names.ts";
import type { ChatEvent, ProgressEvent } from "./events.ts";

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
  /** Who is signed in. */
  readonly user: string | undefined;
  /** Where text goes; `undefined`: nowhere, the account is in no room. */
  readonly room: string | undefined;
  /** Who is online. */
  readonly people: ReadonlyMap<string, Person>;
  /** In the order in which they were said. */
  readonly sending: ReadonlyMap<string, Sending>;
  /** Files on their way, by the ID of their message: how far each had come when it last told. */
  readonly transfers: ReadonlyMap<string, ProgressEvent>;
}

export const INITIAL: State = {
  connection: "connecting",
  user: undefined,
  room: GENERAL,
  people: new Map(),
  sending: new Map(),
  transfers: new Map(),
};

/** The state after the event. */
export function reduce(state: State, event: ChatEvent): State {
  switch (event.event) {
    case "connected":
      return { ...state, connection: "connected" };
    case "authenticated":
      return { ...state, user: event.user };
    case "users": {
      const people = event.users.map(({ name, number, status }) =>
        [name, { number, status }] as const
      );
      return { ...state, people: new Map(people) };
    }
    case "presence":
      return { ...state, people: withPresence(state.people, event) };
    case "room":
      return { ...state, room: event.conversation };
    case "sending": {
      const { id, conversation, text, name } = event;
      return { ...state, sending: new Map(state.sending).set(id, { conversation, text, name }) };
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
      return event.code === "reconnecting" ? { ...state, connection: "reconnecting" } : state;
    case "closed":
      return { ...state, connection: "closed", people: new Map(), transfers: new Map() };
    case "message":
    case "sealed":
    case "opened":
    case "history":
    case "search":
    case "unread":
    case "marked":
    case "rooms":
    case "groups":
    case "members":
    case "changed":
    case "status":
    case "offer":
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

function without<Value>(map: ReadonlyMap<string, Value>, key: string): ReadonlyMap<string, Value> {
  if (!map.has(key)) return map;
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}
