/**
 * What goes into the headless client (`Intent`) and what comes out of it (`ChatEvent`). Every
 * interface renders the one and produces the other; `--json` prints events as they stand here, so
 * that this file and `docs/cli.md` are one contract.
 */

/** What a person wants, as `commands.ts` makes it of a line. */
export type Intent =
  | { readonly type: "say"; readonly text: string }
  | { readonly type: "private"; readonly to: readonly string[]; readonly text: string }
  | {
    readonly type: "secret";
    readonly to: string;
    /** `undefined`: to be asked for, without echo. */
    readonly passphrase?: string;
    readonly text?: string;
  }
  | {
    readonly type: "open";
    /** A ULID, or the short ID that the interface showed; `undefined`: the newest. */
    readonly id?: string;
    readonly passphrase?: string;
  }
  | { readonly type: "names" }
  | { readonly type: "help" }
  | {
    readonly type: "quit";
    /** Also end the session: the next start asks for the password. */
    readonly signOut?: boolean;
  };

interface Base {
  readonly event: string;
}

export interface ConnectedEvent extends Base {
  readonly event: "connected";
  readonly transport: "quic" | "tls";
  readonly address: string;
  readonly pin: string;
  readonly version: number;
  /** It was a way back after a break. */
  readonly resumed: boolean;
}
export interface AuthenticatedEvent extends Base {
  readonly event: "authenticated";
  readonly user: string;
  readonly number: number;
  readonly created: boolean;
}
export interface MessageEvent extends Base {
  readonly event: "message";
  readonly conversation: string;
  readonly seq: number;
  readonly id: string;
  readonly from: string;
  readonly text: string;
  /** ISO 8601, UTC. */
  readonly at: string;
}
/** Something that cannot be read without its key has come. */
export interface SealedEvent extends Base {
  readonly event: "sealed";
  /** A short number for `/open`: 1, 2, 3… while this client runs. */
  readonly number: number;
  readonly conversation: string;
  readonly seq: number;
  readonly id: string;
  readonly from: string;
  readonly at: string;
}
export interface OpenedEvent extends Base {
  readonly event: "opened";
  readonly id: string;
  readonly from: string;
  readonly text: string;
}
export interface PresenceEvent extends Base {
  readonly event: "presence";
  readonly user: string;
  readonly status: "normal" | "dnd" | "away" | "offline";
}
export interface UsersEvent extends Base {
  readonly event: "users";
  readonly users: readonly {
    readonly number: number;
    readonly name: string;
    readonly status: string;
  }[];
}
/** One's own message is on its way; an `ack` or an `error` with the same ID follows. */
export interface SendingEvent extends Base {
  readonly event: "sending";
  readonly id: string;
  readonly conversation: string;
  /** Left out when it is sealed. */
  readonly text?: string;
}
/** One's own message is stored, once, under `seq`. */
export interface AckEvent extends Base {
  readonly event: "ack";
  readonly id: string;
  readonly conversation: string;
  readonly seq: number;
  readonly at: string;
}
export interface NoticeEvent extends Base {
  readonly event: "notice";
  readonly code: string;
  readonly text: string;
}
export interface ErrorEvent extends Base {
  readonly event: "error";
  /** From `protocol/errors.ts`, or of this client (`docs/cli.md`). */
  readonly code: string;
  /** The own message that it is about; it was not stored. */
  readonly id?: string;
  readonly message: string;
}
/** The last event. */
export interface ClosedEvent extends Base {
  readonly event: "closed";
  readonly code: string;
  readonly message: string;
}

export type ChatEvent =
  | ConnectedEvent
  | AuthenticatedEvent
  | MessageEvent
  | SealedEvent
  | OpenedEvent
  | PresenceEvent
  | UsersEvent
  | SendingEvent
  | AckEvent
  | NoticeEvent
  | ErrorEvent
  | ClosedEvent;
