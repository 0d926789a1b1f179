/** Lines that clients send: at a steady pace, or as fast as they come back. */
import type { LoadClient } from "./client.ts";

/** What has come since the last call. */
export interface Sample {
  readonly deliveries: number;
  /** Milliseconds. */
  readonly seconds: number;
  /** Milliseconds from sending a line to receiving it. */
  readonly latencies: readonly number[];
}

/** How many clients measure the delay of each line. */
const WATCHERS = 30;
/** How many clients send. */
const SPEAKERS = 10;
/** Milliseconds between two checks of what is due. */
const TICK = 2;
const REMEMBERED = 1 << 16;

/** Lines are numbered in order. The times of the newest are kept. */
export class Talk {
  readonly #clients: readonly LoadClient[];
  readonly #speakers: readonly LoadClient[];
  readonly #saidAt = new Float64Array(REMEMBERED);
  #line = 0;
  #latencies: number[] = [];
  #seen: { readonly deliveries: number; readonly at: number };
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(clients: readonly LoadClient[]) {
    this.#clients = clients;
    this.#speakers = clients.slice(0, SPEAKERS);
    this.#seen = this.#now();
  }

  /** This many lines a second, one by one, from the speakers in turn. */
  steadily(linesPerSecond: number): void {
    for (const client of spread(this.#clients, WATCHERS)) {
      client.watch(false);
      client.onLine = (line, own) => {
        if (!own) this.#latencies.push(performance.now() - (this.#saidAt[line % REMEMBERED] ?? 0));
      };
    }
    const began = performance.now();
    const first = this.#line;
    this.#timer = setInterval(() => {
      const due = first + Math.floor((performance.now() - began) * linesPerSecond / 1000);
      while (this.#line < due) this.#say(this.#speakers[this.#line % this.#speakers.length]);
    }, TICK);
  }

  /** Each speaker sends a line for every one of its own that comes back. */
  asMuchAsPossible(window: number): void {
    for (const speaker of this.#speakers) {
      speaker.watch(true);
      speaker.onLine = (_, own) => own && this.#say(speaker);
      for (let count = 0; count < window; count++) this.#say(speaker);
    }
  }

  /** What has come since the last call. */
  sample(): Sample {
    const { deliveries, at } = this.#seen;
    this.#seen = this.#now();
    const latencies = this.#latencies;
    this.#latencies = [];
    return {
      deliveries: this.#seen.deliveries - deliveries,
      seconds: (this.#seen.at - at) / 1000,
      latencies,
    };
  }

  /** Stops sending. */
  stop(): void {
    clearInterval(this.#timer);
    for (const client of this.#clients) client.onLine = undefined;
  }

  #now() {
    const deliveries = this.#clients.reduce((sum, client) => sum + client.received, 0);
    return { deliveries, at: performance.now() };
  }

  #say(speaker: LoadClient | undefined): void {
    this.#line++;
    this.#saidAt[this.#line % REMEMBERED] = performance.now();
    speaker?.say(this.#line);
  }
}

/** Some of the items, evenly spread. */
function spread<T>(items: readonly T[], count: number): T[] {
  const step = Math.max(1, Math.floor(items.length / count));
  return items.filter((_, at) => at % step === 0).slice(0, count);
}
