/**
 * What goes into the headless client (`Intent`) and what comes out of it (`ChatEvent`). Every
 * interface renders the one and produces the other; `--json` prints events as they stand here, so
 * that this file and `docs/cli.md` are one contract.
 */
import type { Destination } from "../protocol/destination.ts";
import type { ListedPlace, OwnStatus } from "../protocol/frame.ts";

/** A conversation as a person names it: that of two is with somebody. */
export type ConversationName =
  | { readonly type: "room" | "group"; readonly name: string }
  | { readonly type: "person"; readonly name: string };

/** What a person wants, as `commands.ts` makes it of a line. */
export type Intent =
  | {
    readonly type: "say";
    readonly text: string;
    /** Where; `undefined`: in the current room. */
    readonly conversation?: string;
  }
  | {
    readonly type: "private";
    /** By name, or by number. */
    readonly to: readonly (string | number)[];
    readonly text: string;
  }
  /** Answers the newest private message. */
  | { readonly type: "reply"; readonly text: string }
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
  /** Whose keys are remembered: tells, adds one, forgets one or all. */
  | {
    readonly type: "keys";
    readonly change?: "remember" | "forget";
    readonly user?: string;
    /** `undefined`: to be asked for, without echo. */
    readonly passphrase?: string;
  }
  | { readonly type: "names" }
  | { readonly type: "list"; readonly kind: "rooms" | "groups" }
  /** Who is in a room or group; `undefined`: in the current room. */
  | { readonly type: "members"; readonly conversation?: string }
  /** Goes into a room; text goes there from now on. */
  | { readonly type: "join"; readonly conversation: string }
  | { readonly type: "leave"; readonly conversation?: string }
  | {
    readonly type: "create";
    readonly conversation: string;
    readonly topic?: string;
    /** Who else is in a group. */
    readonly members?: readonly string[];
  }
  /** What the current room is about. */
  | { readonly type: "topic"; readonly topic: string }
  | {
    readonly type: "add" | "remove";
    readonly conversation: string;
    readonly users: readonly string[];
  }
  | { readonly type: "delete"; readonly conversation: string }
  /** Sets one's status; `undefined`: shows it. */
  | { readonly type: "status"; readonly status?: OwnStatus }
  | {
    readonly type: "history";
    /** `undefined`: the current room. */
    readonly place?: ConversationName;
    readonly limit?: number;
  }
  | { readonly type: "search"; readonly words: string }
  /** Asks for a line that lets people in, as an admin may. */
  | {
    readonly type: "invite";
    readonly uses?: number;
    /** Milliseconds. */
    readonly lifetime?: number;
  }
  | {
    readonly type: "send_file";
    /** People by name, or by number. */
    readonly to: Destination<string | number>;
    /** As it was typed: from the current folder, or from the home folder after `~/`. */
    readonly path: string;
  }
  /**
   * Fetches a file that was offered; stops a transfer; forgets an offer and what was fetched of it.
   * `id` is a ULID, or the number that the interface showed; `undefined`: the newest.
   */
  | { readonly type: "accept" | "cancel" | "decline"; readonly id?: string }
  /** Which files are offered, and which are on their way. */
  | { readonly type: "files" }
  /** Gives the session up, and signs in as another. */
  | { readonly type: "sign_in"; readonly user: string; readonly intent: "login" | "register" }
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
/** Messages of a conversation from before, asked for: the oldest first. */
export interface HistoryEvent extends Base {
  readonly event: "history";
  readonly conversation: string;
  readonly messages: readonly HistoryMessage[];
  /** There are earlier ones. */
  readonly more: boolean;
}
/** Messages that have all of the words: the newest first. */
export interface SearchEvent extends Base {
  readonly event: "search";
  readonly words: string;
  readonly messages: readonly HistoryMessage[];
  /** There may be further ones. */
  readonly more: boolean;
}
export interface HistoryMessage {
  readonly conversation: string;
  readonly seq: number;
  readonly id: string;
  readonly from: string;
  readonly at: string;
  /** Left out when it is sealed, a file, or of a kind that this version cannot show. */
  readonly text?: string;
  /** Of a sealed message: for `/open`. Of a file: for `/accept`. */
  readonly number?: number;
  /** Of a file. */
  readonly name?: string;
  readonly size?: number;
}
/** Where others wrote since this account last looked: after signing in, if anywhere. */
export interface UnreadEvent extends Base {
  readonly event: "unread";
  readonly conversations: readonly { readonly conversation: string; readonly unread: number }[];
}
/** Another device of this account has shown everything up to `seq`. */
export interface MarkedEvent extends Base {
  readonly event: "marked";
  readonly conversation: string;
  readonly seq: number;
}
/** From now on text goes to this room; without one, to nobody. */
export interface RoomEvent extends Base {
  readonly event: "room";
  readonly conversation?: string;
}
export interface RoomsEvent extends Base {
  readonly event: "rooms";
  readonly rooms: readonly ListedPlace[];
}
export interface GroupsEvent extends Base {
  readonly event: "groups";
  readonly groups: readonly ListedPlace[];
}
export interface MembersEvent extends Base {
  readonly event: "members";
  readonly conversation: string;
  /** Who made it; the first rooms nobody has made. */
  readonly creator?: string;
  readonly users: UsersEvent["users"];
}
/** Something about a room or group that this account is in, or was until now; its own doings too. */
export interface ChangedEvent extends Base {
  readonly event: "changed";
  readonly conversation: string;
  readonly change: "created" | "joined" | "left" | "added" | "removed" | "deleted" | "topic";
  readonly by: string;
  readonly users?: readonly string[];
  readonly topic?: string;
}
/** What lets somebody in: asked for by an admin. */
export interface InviteEvent extends Base {
  readonly event: "invite";
  /** `sotto://…`, for `sotto client`. */
  readonly line: string;
  /** How many accounts it makes. */
  readonly uses: number;
  /** ISO 8601, UTC: from then on it makes none. */
  readonly expires: string;
}
/** One's own status: asked for, or set. */
export interface StatusEvent extends Base {
  readonly event: "status";
  readonly status: string;
}
export interface PresenceEvent extends Base {
  readonly event: "presence";
  readonly user: string;
  readonly number: number;
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
  /** Left out when it is sealed, or a file. */
  readonly text?: string;
  /** Of a file. */
  readonly name?: string;
  readonly size?: number;
}
/** One's own message is stored, once, under `seq`. */
export interface AckEvent extends Base {
  readonly event: "ack";
  readonly id: string;
  readonly conversation: string;
  readonly seq: number;
  readonly at: string;
}
/** A file was sent here: `/accept` fetches it. */
export interface OfferEvent extends Base {
  readonly event: "offer";
  /** For `/accept`: 1, 2, 3… while this client runs; files that are sent are numbered with them. */
  readonly number: number;
  readonly conversation: string;
  readonly seq: number;
  /** The message's. */
  readonly id: string;
  readonly from: string;
  /** As the sender calls it. It is not written under this name before that was made safe. */
  readonly name: string;
  readonly size: number;
  readonly at: string;
}
/** A file is on its way: at the start, and from then on a few times a second at most. */
export interface ProgressEvent extends Base {
  readonly event: "progress";
  readonly number: number;
  /** The message's: what was sent has it before the message is said. */
  readonly id: string;
  readonly direction: "up" | "down";
  readonly conversation: string;
  readonly name: string;
  /** Bytes that are across, those of earlier attempts included. */
  readonly transferred: number;
  readonly size: number;
  /** Bytes a second, of late; 0 at the start. */
  readonly rate: number;
  /** Seconds, at this rate; left out while nothing can be said. */
  readonly remaining?: number;
}
/** A file is across, whole: `up`, the server has it; `down`, it is written. */
export interface FileEvent extends Base {
  readonly event: "file";
  readonly number: number;
  readonly id: string;
  readonly direction: "up" | "down";
  readonly conversation: string;
  readonly name: string;
  readonly size: number;
  /** Where it was written. */
  readonly path?: string;
}
/** What is offered, and what is on its way: asked for. */
export interface FilesEvent extends Base {
  readonly event: "files";
  readonly offers: readonly Omit<OfferEvent, "event">[];
  readonly transfers: readonly ListedTransfer[];
}
/** One that is not read through yet has no `id`. */
export type ListedTransfer = Omit<ProgressEvent, "event" | "id"> & { readonly id?: string };
/** A round trip to the server was measured: every 15 seconds or so. */
export interface RoundTripEvent extends Base {
  readonly event: "round_trip";
  readonly milliseconds: number;
}
export interface NoticeEvent extends Base {
  readonly event: "notice";
  readonly code: string;
  readonly text: string;
  /** Of `reconnecting`: seconds until the next attempt. */
  readonly in?: number;
}
export interface ErrorEvent extends Base {
  readonly event: "error";
  /** From `protocol/errors.ts`, or of this client (`docs/cli.md`). */
  readonly code: string;
  /** The message that it is about: one's own was not stored, a file's was not received. */
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
  | HistoryEvent
  | SearchEvent
  | UnreadEvent
  | MarkedEvent
  | RoomEvent
  | RoomsEvent
  | GroupsEvent
  | MembersEvent
  | ChangedEvent
  | InviteEvent
  | StatusEvent
  | PresenceEvent
  | UsersEvent
  | SendingEvent
  | AckEvent
  | OfferEvent
  | ProgressEvent
  | FileEvent
  | FilesEvent
  | RoundTripEvent
  | NoticeEvent
  | ErrorEvent
  | ClosedEvent;
