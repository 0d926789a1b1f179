/**
 * Announces the running server on the local network, and keeps the rooms and the number of users in
 * the announcement up to date. `protocol/discovery/` decides what an announcement looks like.
 *
 * The first failure is logged; the server works without it.
 */
import { hostname } from "node:os";
import type { Announcement, AnnounceOptions } from "../protocol/discovery/announce.ts";
import type { Clock } from "../protocol/clock.ts";
import { parseConversation } from "../protocol/names.ts";
import type { Address } from "../protocol/transport/transport.ts";
import { describe, type Logger } from "./log.ts";
import type { Presence } from "./services/presence.ts";
import type { RoomStore } from "./store/rooms.ts";

interface AnnouncerOptions {
  readonly address: Address;
  readonly pin: string;
  /** TCP, of TLS. */
  readonly tlsPort?: number | undefined;
  readonly presence: Pick<Presence, "count">;
  readonly rooms: Pick<RoomStore, "countRooms" | "list">;
  readonly clock: Clock;
  readonly log: Logger;
  /** For tests. */
  readonly announce?: (options: AnnounceOptions) => Announcement;
}

/** Milliseconds between two updates. */
const ROUND = 2_000;

/** Announces the server until it is disposed of. The server need not wait for it. */
export function startAnnouncer(options: AnnouncerOptions): AsyncDisposable {
  const announcer = new Announcer(options);
  return { [Symbol.asyncDispose]: () => announcer.stop() };
}

class Announcer {
  readonly #options: AnnouncerOptions;
  #announcement: Announcement | undefined;
  #rooms: readonly string[] = [];
  #countedRooms = -1;
  #round: Promise<void>;
  #cancel = () => {};
  #stopped = false;
  #warned = false;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
    this.#round = this.#updateRepeatedly();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#round;
    await this.#announcement?.[Symbol.asyncDispose]();
  }

  /** Never rejects. */
  async #updateRepeatedly(): Promise<void> {
    try {
      const activity = { rooms: await this.#readRooms(), people: this.#options.presence.count };
      if (this.#stopped) return;
      this.#announcement ??= await this.#announce(activity);
      this.#announcement.update(activity);
    } catch (error) {
      this.#warn(describe(error));
    }
    if (!this.#stopped) {
      this.#cancel = this.#options.clock.after(ROUND, () => this.#round = this.#updateRepeatedly());
    }
  }

  /**
   * Read when there are more or fewer rooms than before: that is cheap to ask. If one is deleted and
   * another made meanwhile, the list follows at the next change of their number.
   */
  async #readRooms(): Promise<readonly string[]> {
    const count = await this.#options.rooms.countRooms();
    if (count === this.#countedRooms) return this.#rooms;
    const rooms = await this.#options.rooms.list("", "rooms");
    this.#rooms = rooms.flatMap(({ conversation }) => {
      const parsed = parseConversation(conversation);
      return parsed?.type === "room" ? [parsed.name] : [];
    });
    this.#countedRooms = count;
    return this.#rooms;
  }

  async #announce(activity: AnnounceOptions["activity"]): Promise<Announcement> {
    const { address, pin, tlsPort } = this.#options;
    // Loaded here: a server that announces nothing needs none of it.
    const announce = this.#options.announce ??
      (await import("../protocol/discovery/announce.ts")).announce;
    return announce({
      name: serverName(),
      host: address.hostname,
      port: address.port,
      tlsPort,
      pin,
      activity,
      onFailure: ({ message }) => this.#warn(message),
    });
  }

  #warn(reason: string): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#options.log.warn("not_announced", { reason });
  }
}

/** The machine's own name, without its domain. */
function serverName(): string {
  const [name = ""] = hostname().split(".", 1);
  return name;
}
