/**
 * Whether what is bounded stays bounded: looks several times a second at what the server holds for
 * its sessions and accounts, and at what clients hold for their people.
 */
import { SEND_LIMITS } from "../../client/messages/send_queue.ts";
import { SERVER_LIMITS } from "../../server/config.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { SimClient } from "./sim_client.ts";
import type { SimServer } from "./sim_server.ts";
import type { Swarm } from "./swarm.ts";
import type { World } from "./world.ts";

interface BoundsOptions {
  readonly world: World;
  readonly server: SimServer;
  readonly clients: readonly SimClient[];
  readonly accounts: readonly string[];
  readonly swarm: Swarm;
  readonly broke: (rule: string, what: string) => void;
}

/** Milliseconds between two looks. */
const LOOK = 200;

export class Bounds {
  readonly #options: BoundsOptions;
  /** What was said already. */
  readonly #broken = new Set<string>();

  constructor(options: BoundsOptions) {
    this.#options = options;
    this.#lookLater();
  }

  #lookLater(): void {
    this.#options.world.after(LOOK, () => {
      this.#lookAtServer();
      for (const client of this.#options.clients) this.#lookAtClient(client);
      this.#lookLater();
    });
  }

  #lookAtServer(): void {
    const { server, accounts, swarm } = this.#options;
    if (!server.isRunning) return;
    const { services: { delivery, files, presence }, flusher } = server.running;
    this.#hold("bytes in an outbox", flusher.most, swarm.outbox);
    this.#hold("bytes that wait to be stored", delivery.held, swarm.uncommitted);
    this.#hold("files on their way", files.transfers, swarm.transfers);
    for (const account of accounts) {
      const sessions = presence.sessionsOf(account);
      this.#hold(`sessions of ${account}`, sessions.length, SERVER_LIMITS.sessions);
      for (const session of sessions) {
        this.#hold(
          `files of a session of ${account}`,
          files.transfersOf(session),
          LIMITS.transfers,
        );
      }
    }
  }

  #lookAtClient({ machine, running }: SimClient): void {
    const unsent = running?.record.unsent ?? 0;
    this.#hold(`messages that ${machine} has not sent`, unsent, SEND_LIMITS.messages);
  }

  #hold(what: string, count: number, most: number): void {
    if (count <= most || this.#broken.has(what)) return;
    this.#broken.add(what);
    this.#options.broke("not bounded", `${count} ${what}, and ${most} are the most`);
  }
}
