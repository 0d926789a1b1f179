/**
 * The states of a session and all transitions between them, in one table for both ends. The code
 * runs it, the tests walk it, and the diagram in `docs/protocol.md` is generated from it.
 *
 * A session lives on one connection. State that survives a connection (the token, the cursors,
 * messages without an ack) belongs to the code that drives sessions.
 */
import { assert } from "../assert.ts";

export const STATES = {
  DISCONNECTED: "There is no connection: not yet, or no longer.",
  CONNECTING: "There is a connection, or one is being made; no version is agreed.",
  CONNECTED: "A version is agreed; no account is signed in.",
  AUTHENTICATED: "An account is signed in; no message waits for its ack.",
  SENDING: "An account is signed in; at least one message waits for its ack.",
  DISCONNECTING: "The last frame was sent; nothing more is read.",
  ERROR: "There was a fault; the end decides whether the session goes on.",
} as const;

export type State = keyof typeof STATES;

/** `recover` returns to the state in which the fault happened. */
export const PREVIOUS = "PREVIOUS";

/** For each event: the states in which it is allowed, and the next state. */
export const TRANSITIONS = {
  /** The client dials; the server has accepted a connection. */
  open: { DISCONNECTED: "CONNECTING" },
  /** `welcome`: a version is agreed. */
  agree: { CONNECTING: "CONNECTED" },
  /** `authenticated`. */
  sign_in: { CONNECTED: "AUTHENTICATED" },
  /** `send`. */
  send: { AUTHENTICATED: "SENDING", SENDING: "SENDING" },
  /** The last outstanding `send` has its `ack` or its `error`. */
  settle: { SENDING: "AUTHENTICATED" },
  /** An `error` is due, or was received. */
  fault: { CONNECTING: "ERROR", CONNECTED: "ERROR", AUTHENTICATED: "ERROR", SENDING: "ERROR" },
  /** The error was sent, and does not end the connection. */
  recover: { ERROR: PREVIOUS },
  /** The error ends the connection. */
  give_up: { ERROR: "DISCONNECTING" },
  /** `logout`, `bye`, or one end has finished. */
  leave: {
    CONNECTING: "DISCONNECTING",
    CONNECTED: "DISCONNECTING",
    AUTHENTICATED: "DISCONNECTING",
    SENDING: "DISCONNECTING",
  },
  /** The connection is closed, in good order or not. */
  close: {
    CONNECTING: "DISCONNECTED",
    CONNECTED: "DISCONNECTED",
    AUTHENTICATED: "DISCONNECTED",
    SENDING: "DISCONNECTED",
    DISCONNECTING: "DISCONNECTED",
  },
} as const satisfies Record<string, Partial<Record<State, State | typeof PREVIOUS>>>;

export type SessionEvent = keyof typeof TRANSITIONS;

/** The next state, or `PREVIOUS`; `undefined` where the event is not allowed. */
export function nextState(state: State, event: SessionEvent): State | typeof PREVIOUS | undefined {
  const row: Partial<Record<State, State | typeof PREVIOUS>> = TRANSITIONS[event];
  return row[state];
}

/** Holds the state of one session and moves it along the table. */
export class StateMachine {
  #state: State = "DISCONNECTED";
  /** The state before ERROR. */
  #previous: State = "DISCONNECTED";

  get state(): State {
    return this.#state;
  }

  can(event: SessionEvent): boolean {
    return nextState(this.#state, event) !== undefined;
  }

  /** Throws if the table has no such transition: a fault of ours, since callers check frames first. */
  fire(event: SessionEvent): void {
    const next = nextState(this.#state, event);
    if (next === undefined) throw new Error(`Cannot ${event}: current state is ${this.#state}`);
    if (event === "fault") this.#previous = this.#state;
    this.#state = next === PREVIOUS ? this.#previous : next;
    assert(next !== PREVIOUS || this.#state !== "ERROR", "a recovery leaves ERROR");
  }
}
