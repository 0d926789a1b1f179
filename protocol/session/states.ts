/**
 * The states of one session and the only ways between them: one table for both ends, which the code
 * runs, the tests walk, and the diagram in `docs/protocol.md` is drawn from.
 *
 * One session lives on one connection. What survives a connection (the token, the cursors, what is
 * not acknowledged yet) belongs to those who drive sessions, not here.
 */

export const STATES = {
  DISCONNECTED: "There is no connection: not yet, or not any more.",
  CONNECTING: "There is a connection, or one is being made; no version has been agreed.",
  CONNECTED: "A version has been agreed; nobody has signed in.",
  AUTHENTICATED: "An account has signed in; no message awaits its ack.",
  SENDING: "An account has signed in; at least one message awaits its ack.",
  DISCONNECTING: "The last frame has been said; nothing more is read.",
  ERROR: "Something was wrong, and it is being decided whether the session goes on.",
} as const;

export type State = keyof typeof STATES;

/** Where `recover` leads: to the state in which the fault happened. */
export const PREVIOUS = "PREVIOUS";

/** Event, state in which it may happen, state that follows. What is not here is refused. */
export const TRANSITIONS = {
  /** The client dials; the server has a peer. */
  open: { DISCONNECTED: "CONNECTING" },
  /** `welcome`: a version has been agreed. */
  agree: { CONNECTING: "CONNECTED" },
  /** `authenticated`. */
  sign_in: { CONNECTED: "AUTHENTICATED" },
  /** `send`. */
  send: { AUTHENTICATED: "SENDING", SENDING: "SENDING" },
  /** The last outstanding `send` has its `ack` or its `error`. */
  settle: { SENDING: "AUTHENTICATED" },
  /** An `error` is due, or was received. */
  fault: { CONNECTING: "ERROR", CONNECTED: "ERROR", AUTHENTICATED: "ERROR", SENDING: "ERROR" },
  /** The fault was addressed: told, and within what is tolerated. */
  recover: { ERROR: PREVIOUS },
  /** The fault was not addressed: the connection ends. */
  give_up: { ERROR: "DISCONNECTING" },
  /** `logout`, `bye`, or one end has finished. */
  leave: {
    CONNECTING: "DISCONNECTING",
    CONNECTED: "DISCONNECTING",
    AUTHENTICATED: "DISCONNECTING",
    SENDING: "DISCONNECTING",
  },
  /** The connection is gone, in good order or not. */
  close: {
    CONNECTING: "DISCONNECTED",
    CONNECTED: "DISCONNECTED",
    AUTHENTICATED: "DISCONNECTED",
    SENDING: "DISCONNECTED",
    DISCONNECTING: "DISCONNECTED",
  },
} as const satisfies Record<string, Partial<Record<State, State | typeof PREVIOUS>>>;

export type SessionEvent = keyof typeof TRANSITIONS;

/** The state that follows, `PREVIOUS` included; `undefined` where the event may not happen. */
export function follow(state: State, event: SessionEvent): State | typeof PREVIOUS | undefined {
  const row: Partial<Record<State, State | typeof PREVIOUS>> = TRANSITIONS[event];
  return row[state];
}

/** Holds the state of one session and moves it along the table. */
export class StateMachine {
  #state: State = "DISCONNECTED";
  /** Where a fault happened; only read in ERROR. */
  #previous: State = "DISCONNECTED";

  get state(): State {
    return this.#state;
  }

  can(event: SessionEvent): boolean {
    return follow(this.#state, event) !== undefined;
  }

  /** Throws where the table has no such transition: a fault of ours, since peers are asked first. */
  fire(event: SessionEvent): void {
    const next = follow(this.#state, event);
    if (next === undefined) throw new Error(`Cannot ${event}: current state is ${this.#state}`);
    if (event === "fault") this.#previous = this.#state;
    this.#state = next === PREVIOUS ? this.#previous : next;
  }
}
