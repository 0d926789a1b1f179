/**
 * Whether clients come back in time: from the moment on when the network, the server and its disk are
 * well, a client has only so long until it is signed in on a connection that works. And whether they
 * keep a connection while nothing is wrong with it, whatever signs somebody forges.
 */
import type { Disk } from "./disk.ts";
import type { LinkOptions } from "./link.ts";
import type { Network } from "./network.ts";
import type { SimClient } from "./sim_client.ts";
import type { SimServer } from "./sim_server.ts";
import type { World } from "./world.ts";

interface ComebacksOptions {
  readonly world: World;
  readonly network: Network;
  readonly server: SimServer;
  readonly disk: Disk;
  readonly clients: readonly SimClient[];
  /** Clients see signs of a server's restart. */
  readonly signs: boolean;
  readonly broke: (rule: string, what: string) => void;
}

/** Milliseconds between two looks. */
const LOOK = 250;
/**
 * Milliseconds until a client has noticed that its connection is dead, and is back: with signs, and
 * without any, when the transport gives it up. Round trips come on top of that.
 */
const BOUND = { signs: 3_250, none: 48_000 };
const ROUND_TRIPS = 4;
/** Milliseconds without trouble after which no connection may break. */
const CALM = 10_000;
/** Milliseconds, one way. */
const STEADY = 250;

interface Watched {
  readonly client: SimClient;
  /** When something last stood in its way. */
  troubleAt: number;
  /** Its next attempt, and when that is. */
  retry: { readonly wait: number } | undefined;
  retryAt: number;
  isThere: boolean;
}

export class Comebacks {
  readonly #options: ComebacksOptions;
  readonly #watched: readonly Watched[];

  constructor(options: ComebacksOptions) {
    this.#options = options;
    this.#watched = options.clients.map((client) => ({
      client,
      troubleAt: options.world.now,
      retry: undefined,
      retryAt: 0,
      isThere: true,
    }));
    this.#lookLater();
  }

  /** Something has happened to a client's connection; `undefined`: to those of all. */
  trouble(client: SimClient | undefined): void {
    for (const one of this.#watched) {
      if (client === undefined || one.client === client) one.troubleAt = this.#options.world.now;
    }
  }

  #lookLater(): void {
    this.#options.world.after(LOOK, () => {
      for (const one of this.#watched) this.#look(one);
      this.#lookLater();
    });
  }

  #look(one: Watched): void {
    const { world: { now }, signs, broke } = this.#options;
    const { client } = one;
    const bound = boundOf(client.link, signs);
    if (!this.#isWell(client)) one.troubleAt = now;
    const retry = client.running?.record.retry;
    if (
      one.isThere && retry !== undefined && isSteady(client.link, signs) &&
      now - one.troubleAt > CALM
    ) {
      broke("gave up a good connection", client.machine);
    }
    // An attempt that was announced in time may come late.
    if (retry !== one.retry && now <= one.troubleAt + bound) {
      one.retryAt = now + (retry?.wait ?? 0);
    }
    one.retry = retry;
    const wasThere = one.isThere;
    one.isThere = this.#isThere(client);
    if (wasThere && !one.isThere) one.troubleAt = now;
    const since = Math.max(one.troubleAt, one.retryAt);
    if (one.isThere || now - since <= bound) return;
    broke("not back in time", `${client.machine} after ${now - one.troubleAt} ms`);
    one.troubleAt = now;
  }

  /** Nothing stands in its way. */
  #isWell({ machine, running, readsAgain }: SimClient): boolean {
    const { world: { now }, network, server, disk } = this.#options;
    return running !== undefined && readsAgain <= now && server.isOpen &&
      !network.isOffline(machine) && network.linkOf(machine)?.isStalled !== true &&
      !disk.isUnwell;
  }

  #isThere({ machine, running }: SimClient): boolean {
    return running?.record.isSignedIn === true &&
      this.#options.network.linkOf(machine)?.isWhole === true;
  }
}
function boundOf({ delay, jitter, loss }: LinkOptions, signs: boolean): number {
  const roundTrip = 2 * (delay + jitter) * (loss > 0 ? 2 : 1);
  return (signs ? BOUND.signs : BOUND.none) + ROUND_TRIPS * roundTrip;
}

/** Nothing but a fault makes a server on this link silent for a second. */
function isSteady({ delay, jitter, loss }: LinkOptions, signs: boolean): boolean {
  return signs && loss === 0 && delay + jitter < STEADY;
}
