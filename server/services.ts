/**
 * The services of one server, and which of them uses which. `main.ts` makes them for a real server,
 * and tests for one without sockets: only what they stand on differs (store, clock, passwords).
 */
import type { Clock } from "../protocol/clock.ts";
import type { Registration, ServerLimits } from "./config.ts";
import type { Logger } from "./log.ts";
import type { Flusher } from "./outbox.ts";
import type { Pacer } from "./pacer.ts";
import { AddressRateLimiter } from "./rate_limiter.ts";
import { Accounts } from "./services/accounts.ts";
import { Audience } from "./services/audience.ts";
import { Conversations } from "./services/conversations.ts";
import { Delivery } from "./services/delivery.ts";
import { type FileLimits, Files } from "./services/files.ts";
import { Invitations } from "./services/invitations.ts";
import type { Passwords } from "./services/passwords.ts";
import { Users } from "./services/users.ts";
import { Rooms } from "./services/rooms.ts";
import { Presence } from "./services/presence.ts";
import { RoomLimits } from "./services/room_limits.ts";
import { Searches } from "./services/searches.ts";
import { Sessions } from "./services/sessions.ts";
import type { Tokens } from "./services/tokens.ts";
import type { Blobs } from "./store/blobs.ts";
import type { Store } from "./store/store.ts";

interface ServicesOptions {
  readonly store: Store;
  readonly blobs: Blobs;
  readonly passwords: Pick<Passwords, "hash" | "verify">;
  readonly tokens: Tokens;
  readonly registration: Registration;
  readonly limits: Pick<
    ServerLimits,
    "failures" | "logins" | "newRooms" | "rooms" | "sessions" | "uncommitted"
  >;
  readonly files: FileLimits;
  readonly clock: Clock;
  readonly log: Logger;
  readonly pacer: Pick<Pacer, "caughtUp">;
  readonly flusher: Pick<Flusher, "flushed">;
  /** Bytes that cannot be guessed; default: the system's. */
  readonly random?: ((length: number) => Uint8Array) | undefined;
  /** Runs the callback at the end of this turn of the event loop; default: it does. */
  readonly schedule?: ((callback: () => void) => void) | undefined;
}

/** What handlers are given; each asks for the part that it needs. */
export interface Services {
  readonly accounts: Accounts;
  readonly conversations: Conversations;
  readonly delivery: Delivery;
  readonly files: Files;
  readonly invitations: Invitations;
  readonly users: Users;
  readonly rooms: Rooms;
  readonly presence: Presence;
  readonly searches: Searches;
  readonly sessions: Sessions;
  readonly store: Store;
  readonly log: Logger;
}

/** Dispose of `files` before the store: it waits for transfers that are under way. */
export function makeServices(options: ServicesOptions): Services {
  const { store, limits, clock, log, pacer, flusher } = options;
  const presence = new Presence({ clock });
  const audience = new Audience({ conversations: store.conversations, presence });
  const conversations = new Conversations({ store, audience, presence });
  const invitations = new Invitations({ store, clock });
  return {
    accounts: new Accounts({
      invitations,
      store,
      passwords: options.passwords,
      tokens: options.tokens,
      registration: options.registration,
      logins: new AddressRateLimiter(limits.logins),
      failures: new AddressRateLimiter(limits.failures),
      clock,
      log,
    }),
    conversations,
    delivery: new Delivery({
      messages: store.messages,
      audience,
      clock,
      turns: {
        flushed: () => flusher.flushed(),
        caughtUp: (most) => pacer.caughtUp(most),
      },
      log,
      limit: limits.uncommitted,
      ...(options.schedule && { schedule: options.schedule }),
    }),
    files: new Files({
      store: store.files,
      blobs: options.blobs,
      conversations,
      clock,
      limits: options.files,
      random: options.random,
    }),
    invitations,
    users: new Users({ store, presence }),
    rooms: new Rooms({
      store,
      audience,
      conversations,
      presence,
      limits: new RoomLimits({
        store,
        clock,
        rooms: limits.rooms,
        newRooms: new AddressRateLimiter(limits.newRooms),
      }),
    }),
    presence,
    searches: new Searches({ store, clock }),
    sessions: new Sessions({ presence, audience, limit: limits.sessions }),
    store,
    log,
  };
}
