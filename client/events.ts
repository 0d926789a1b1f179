/**
 * The input of the headless client (`Intent`) and its output (`ChatEvent`). Interfaces make the one
 * and show the other. `--json` prints events as they are here: with `docs/cli.md` and
 * `docs/events.schema.json`, this file is a contract.
 */
import type { Destination } from "../protocol/destination.ts";
import type { ListedRoom, OwnStatus } from "../protocol/frame.ts";

/** A conversation as users name it: a room, a group, or the person of a private one. */
export type ConversationName =
  | { readonly type: "room" | "group"; readonly name: string }
  | { readonly type: "person"; readonly name: string };

/** What a user wants; `parseLine` makes it of a typed line. */
export type Intent =
  | {
    readonly type: "say";
    readonly text: string;
    /** `undefined`: the current room. */
    readonly conversation?: string;
  }
  | {
    readonly type: "private";
    /** Names and numbers of people. */
    readonly to: readonly (string | number)[];
    readonly text: string;
  }
  /** Answers the newest private message. */
  | { readonly type: "reply"; readonly text: string }
  | {
    readonly type: "secret";
    readonly to: string;
    /** `undefined`: ask for it, without echo. */
    readonly passphrase?: string;
    readonly text?: string;
  }
  | {
    readonly type: "open";
    /** A ULID, or the number that the interface shows; `undefined`: the newest. */
    readonly id?: string;
    readonly passphrase?: string;
  }
  /** Shows whose keys are remembered, after it adds one, or forgets one or all. */
  | {
    readonly type: "keys";
    readonly change?: "remember" | "forget";
    readonly user?: string;
    /** `undefined`: ask for it, without echo. */
    readonly passphrase?: string;
  }
  | { readonly type: "names" }
  | { readonly type: "list"; readonly kind: "rooms" | "groups" }
  /** Lists the members of a room or group; `undefined`: of the current room. */
  | { readonly type: "members"; readonly conversation?: string }
  /** Joins a room, and makes it the current one. */
  | { readonly type: "join"; readonly conversation: string }
  | { readonly type: "leave"; readonly conversation?: string }
  | {
    readonly type: "create";
    readonly conversation: string;
    readonly topic?: string;
    /** The other members of a group. */
    readonly members?: readonly string[];
  }
  /** Sets the topic of the current room. */
  | { readonly type: "topic"; readonly topic: string }
  | {
    readonly type: "add" | "remove";
    readonly conversation: string;
    readonly users: readonly string[];
  }
  | { readonly type: "delete"; readonly conversation: string }
  /** Sets the status; `undefined`: shows it. */
  | { readonly type: "status"; readonly status?: OwnStatus }
  | {
    readonly type: "history";
    /** `undefined`: the current room. */
    readonly place?: ConversationName;
    readonly limit?: number;
  }
  | { readonly type: "search"; readonly words: string }
  /** Asks for an invitation, as an admin. */
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
    /** As typed: relative to the current folder, or to the home folder after `~/`. */
    readonly path: string;
  }
  /**
   * Downloads a file; stops a transfer; forgets an offer and the part that was downloaded.
   * `id` is a ULID, or the number that the interface shows; `undefined`: the newest.
   */
  | { readonly type: "accept" | "cancel" | "decline"; readonly id?: string }
  /** Lists offers and transfers. */
  | { readonly type: "files" }
  /** Signs out, and in as another account. */
  | { readonly type: "sign_in"; readonly user: string; readonly intent: "login" | "register" }
  | { readonly type: "help" }
  | {
    readonly type: "quit";
    /** Also make the token void: the next start asks for the password. */
    readonly signOut?: boolean;
  };

interface Base {
  readonly event: string;
}

interface ConnectedEvent extends Base {
  readonly event: "connected";
  readonly transport: "quic" | "tls";
  readonly address: string;
  readonly pin: string;
  readonly version: number;
  /** The connection replaces one that broke. */
  readonly resumed: boolean;
}
interface AuthenticatedEvent extends Base {
  readonly event: "authenticated";
  readonly user: string;
  readonly number: number;
  readonly created: boolean;
}
interface MessageEvent extends Base {
  readonly event: "message";
  readonly conversation: string;
  readonly seq: number;
  readonly id: string;
  readonly from: string;
  readonly text: string;
  /** ISO 8601, UTC. */
  readonly at: string;
}
/** A message that only its key can open. */
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
/** Stored messages of a conversation, on request: the oldest first. */
interface HistoryEvent extends Base {
  readonly event: "history";
  readonly conversation: string;
  readonly messages: readonly HistoryMessage[];
  /** There are older ones. */
  readonly more: boolean;
}
/** Messages that have all of the words, on request: the newest first. */
interface SearchEvent extends Base {
  readonly event: "search";
  readonly words: string;
  readonly messages: readonly HistoryMessage[];
  /** There may be more. */
  readonly more: boolean;
}
export interface HistoryMessage {
  readonly conversation: string;
  readonly seq: number;
  readonly id: string;
  readonly from: string;
  readonly at: string;
  /** Absent for a sealed message, a file, or a kind that this version cannot show. */
  readonly text?: string;
  /** Of a sealed message: for `/open`. Of a file: for `/accept`. */
  readonly number?: number;
  /** Of a file. */
  readonly name?: string;
  readonly size?: number;
}
/** Conversations with messages that this account has not seen: after the first sign-in. */
interface UnreadEvent extends Base {
  readonly event: "unread";
  readonly conversations: readonly { readonly conversation: string; readonly unread: number }[];
}
/** Another device of this account has shown everything up to `seq`. */
interface MarkedEvent extends Base {
  readonly event: "marked";
  readonly conversation: string;
  readonly seq: number;
}
/** The current room, which text goes to. Absent: there is none. */
interface RoomEvent extends Base {
  readonly event: "room";
  readonly conversation?: string;
}
interface RoomsEvent extends Base {
  readonly event: "rooms";
  readonly rooms: readonly ListedRoom[];
}
interface GroupsEvent extends Base {
  readonly event: "groups";
  readonly groups: readonly ListedRoom[];
}
interface MembersEvent extends Base {
  readonly event: "members";
  readonly conversation: string;
  /** Absent for rooms that the server made. */
  readonly creator?: string;
  readonly users: UsersEvent["users"];
}
/** A change of a room or group that this account is in or was in, by itself or others. */
export interface ChangedEvent extends Base {
  readonly event: "changed";
  readonly conversation: string;
  readonly change: "created" | "joined" | "left" | "added" | "removed" | "deleted" | "topic";
  readonly by: string;
  readonly users?: readonly string[];
  readonly topic?: string;
}
/** An invitation, on request of an admin. */
interface InviteEvent extends Base {
  readonly event: "invite";
  /** `sotto://…`, for `sotto client`. */
  readonly line: string;
  /** How many accounts can register with it. */
  readonly uses: number;
  /** ISO 8601, UTC. */
  readonly expires: string;
}
/** The account's own status, on request or after a change. */
interface StatusEvent extends Base {
  readonly event: "status";
  readonly status: "normal" | "dnd" | "away";
}
interface PresenceEvent extends Base {
  readonly event: "presence";
  readonly user: string;
  readonly number: number;
  readonly status: "normal" | "dnd" | "away" | "offline";
}
interface UsersEvent extends Base {
  readonly event: "users";
  readonly users: readonly {
    readonly number: number;
    readonly name: string;
    readonly status: string;
  }[];
}
/** The account's own message waits to be stored; `ack` or `error` with the same ID follows. */
interface SendingEvent extends Base {
  readonly event: "sending";
  readonly id: string;
  readonly conversation: string;
  /** Absent for a sealed message or a file. */
  readonly text?: string;
  /** Of a file. */
  readonly name?: string;
  readonly size?: number;
}
/** The account's own message is stored, once, under `seq`. */
export interface AckEvent extends Base {
  readonly event: "ack";
  readonly id: string;
  readonly conversation: string;
  readonly seq: number;
  readonly at: string;
}
/** A file that was sent here: `/accept` downloads it. */
export interface OfferEvent extends Base {
  readonly event: "offer";
  /** For `/accept`: 1, 2, 3… while this client runs. Uploads are numbered in the same row. */
  readonly number: number;
  readonly conversation: string;
  readonly seq: number;
  /** The message's ULID. */
  readonly id: string;
  readonly from: string;
  /** The sender's name for it. It is made safe before a file gets this name. */
  readonly name: string;
  readonly size: number;
  readonly at: string;
}
/** The progress of a transfer: at its start, then at most four times a second. */
export interface ProgressEvent extends Base {
  readonly event: "progress";
  readonly number: number;
  /** The message's ULID. An upload has it before its message is sent. */
  readonly id: string;
  readonly direction: "up" | "down";
  readonly conversation: string;
  readonly name: string;
  /** Bytes so far, those of earlier attempts included. */
  readonly transferred: number;
  readonly size: number;
  /** Bytes a second, in the last seconds; 0 at the start. */
  readonly rate: number;
  /** Seconds, at this rate; absent while the rate is unknown. */
  readonly remaining?: number;
}
/** A transfer is complete: `up`, the server has the file; `down`, it is on the disk. */
export interface FileEvent extends Base {
  readonly event: "file";
  readonly number: number;
  readonly id: string;
  readonly direction: "up" | "down";
  readonly conversation: string;
  readonly name: string;
  readonly size: number;
  /** Where the download is. */
  readonly path?: string;
}
/** Offers and transfers, on request. */
export interface FilesEvent extends Base {
  readonly event: "files";
  readonly offers: readonly Omit<OfferEvent, "event">[];
  readonly transfers: readonly ListedTransfer[];
}
/** An upload has no `id` while its hash is computed. */
export type ListedTransfer = Omit<ProgressEvent, "event" | "id"> & { readonly id?: string };
/** A round trip to the server was measured: about every 15 seconds. */
interface RoundTripEvent extends Base {
  readonly event: "round_trip";
  readonly milliseconds: number;
}
export interface NoticeEvent extends Base {
  readonly event: "notice";
  readonly code: string;
  readonly text: string;
  /** For `reconnecting`: seconds until the next attempt. */
  readonly in?: number;
}
export interface ErrorEvent extends Base {
  readonly event: "error";
  /** From `protocol/errors.ts`, or of this client (`docs/cli.md`). */
  readonly code: string;
  /** The message that it is about: it was not stored, or its file was not received. */
  readonly id?: string;
  readonly message: string;
}
/** The last event. */
interface ClosedEvent extends Base {
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

/** The events with these names. */
export type EventOf<Name extends ChatEvent["event"]> = Extract<ChatEvent, { event: Name }>;

/** An incoming message or file. */
export type IncomingEvent = EventOf<"message" | "sealed" | "offer">;
