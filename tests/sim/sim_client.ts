/**
 * A client's machine: the real headless client, and the person before it, who reads events and
 * starts it again when it has died. Tokens and files stay on its disk.
 */
import { Chat } from "../../client/chat.ts";
import type { Intent } from "../../client/events.ts";
import { UploadsInMemory } from "../../client/files/resumable_uploads.ts";
import { TokenMemory } from "../../client/session/tokens.ts";
import { pinned } from "../../client/session/trust.ts";
import { MemoryFiles } from "../helpers/memory_files.ts";
import type { LinkOptions } from "./link.ts";
import { type Network, PIN } from "./network.ts";
import type { Random } from "./random.ts";
import { Record, type Truth } from "./record.ts";
import { Process, type World } from "./world.ts";

interface SimClientOptions {
  /** Its name in the trace. */
  readonly machine: string;
  readonly account: string;
  readonly world: World;
  readonly network: Network;
  readonly random: Random;
  readonly link: LinkOptions;
  readonly truth: Truth;
  readonly autoAccept: boolean;
  readonly skew: () => number;
}

/** Milliseconds; for longer than the world waits for everyone. */
const DRAIN = 600_000;
/** Milliseconds after which a person looks again whether to read. */
const LOOK = 250;

interface Running {
  readonly process: Process;
  readonly chat: Chat;
  readonly record: Record;
}

export class SimClient {
  readonly machine: string;
  readonly account: string;
  readonly files = new MemoryFiles();
  /** One for each time that it was started. */
  readonly records: Record[] = [];
  /** Until then the person reads nothing. */
  readsAgain = 0;
  readonly #options: SimClientOptions;
  readonly #tokens = new TokenMemory();
  readonly #uploads = new UploadsInMemory();
  #running: Running | undefined;

  constructor(options: SimClientOptions) {
    this.machine = options.machine;
    this.account = options.account;
    this.#options = options;
  }

  get link(): LinkOptions {
    return this.#options.link;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  get running(): Running | undefined {
    return this.#running;
  }

  start(): void {
    if (this.#running !== undefined) return;
    const { machine, account, world, network, random, link, truth, autoAccept } = this.#options;
    world.note(`${machine} starts`);
    const process = new Process(world, this.#options.skew);
    const record = new Record(`${machine}/${this.records.length}`, account, truth);
    const { files } = this;
    const chat = new Chat({
      engine: network.engine(machine, process, () => link),
      host: "sim",
      port: 1,
      trust: pinned(PIN),
      user: account,
      prompts: {
        credentials: ({ attempt }) =>
          Promise.resolve(attempt === 0 ? { user: account, password: "password" } : undefined),
        passphrase: () => Promise.resolve(undefined),
        secretText: () => Promise.resolve(undefined),
      },
      tokens: this.#tokens,
      files: {
        store: files,
        uploads: this.#uploads,
        ...(autoAccept && { autoAccept: 1e9 }),
      },
      clock: process,
      random: (length) => random.bytes(length),
    });
    this.records.push(record);
    this.#running = { process, chat, record };
    void this.#read(this.#running);
  }

  /** Carries out what the person wants; `false`: the client does not run. */
  async do(intent: Intent): Promise<boolean> {
    const running = this.#running;
    if (running === undefined) return false;
    const { chat, record } = running;
    const isSecret = intent.type === "secret";
    // Sealing is work for the processor: only if nothing in virtual time comes before it.
    if (isSecret && (record.doing > 0 || !record.isSignedIn)) return false;
    if (intent.type === "search") {
      record.searches.ask(intent.words, this.#options.world.now, [...record.known()]);
    }
    record.doing++;
    await (isSecret ? this.#options.world.external(chat.do(intent)) : chat.do(intent));
    record.doing--;
    return true;
  }

  /** The person is there for everyone, and wants every file. */
  tidy(): void {
    const { running } = this;
    if (running === undefined) return;
    const { chat, record } = running;
    void chat.do({ type: "status", status: "normal" });
    for (const id of record.offers.keys()) void chat.do({ type: "accept", id });
  }

  /** Notes when everything is sent, shown and transferred. */
  settle(): void {
    const { running } = this;
    if (running === undefined || running.record.settled !== undefined) return;
    const { chat, record } = running;
    record.settled = false;
    void chat.drain(DRAIN).then(() => record.settled = true);
  }

  /** Its process dies; `isTold`: its machine tells the server so. */
  kill(isTold: boolean): void {
    const { machine, world, network } = this.#options;
    const running = this.#running;
    if (running === undefined) return;
    running.process.die();
    this.#running = undefined;
    network.clientDied(machine, isTold);
    world.note(`${machine} crashes`);
  }

  /** The person leaves it in good order. */
  async leave(): Promise<void> {
    const { machine, world } = this.#options;
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    world.note(`${machine} leaves`);
    await running.chat.leave();
    running.process.die();
  }

  async #read(running: Running): Promise<void> {
    const { machine, world } = this.#options;
    const { chat, record, process } = running;
    for await (const event of chat.events) {
      if (!process.isAlive) return;
      if (event.event !== "round_trip" && event.event !== "progress") {
        world.note(`${machine} ${JSON.stringify(event)}`);
      }
      record.take(event);
      while (world.now < this.readsAgain && process.isAlive) {
        await world.pause(Math.min(LOOK, this.readsAgain - world.now));
      }
    }
    // It has ended by itself: the person starts it again.
    if (this.#running === running) {
      process.die();
      this.#running = undefined;
    }
  }
}
