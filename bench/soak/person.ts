/**
 * One of the crowd, with the real headless client: comes, talks, sends files, goes silent for a while,
 * moves to another address, and goes: in good order, without a word, or by vanishing from the network.
 * Then comes again.
 */
import { Chat } from "../../client/chat.ts";
import type { ChatEvent, Intent } from "../../client/events.ts";
import { fixedCredentials } from "../../client/session/prompts.ts";
import { TokenMemory } from "../../client/session/tokens.ts";
import { pinned } from "../../client/session/trust.ts";
import { sleep, systemClock } from "../../protocol/clock.ts";
import { GENERAL } from "../../protocol/names.ts";
import type { Random } from "../../tests/sim/random.ts";
import { PASSWORD } from "../servers/sotto.ts";
import type { Counts } from "./counts.ts";
import { Machine } from "./machine.ts";
import { THROWAWAY_FILES } from "./throwaway_files.ts";

interface PersonOptions {
  readonly name: string;
  readonly token: string;
  readonly port: number;
  readonly pin: string;
  /** Where they talk most. */
  readonly room: string;
  /** Whom they write to. */
  readonly others: readonly string[];
  readonly random: Random;
  readonly counts: Counts;
  /** Aborted when everyone is to leave. */
  readonly over: AbortSignal;
}

interface Range {
  readonly least: number;
  readonly most: number;
}

/** Seconds. */
const STAY = { least: 20, most: 90 };
const AWAY = { least: 1, most: 8 };
const PAUSE = { least: 3, most: 12 };
const SILENCE = { least: 2, most: 60 };
/** Bytes. */
const FILE = { least: 1_000, most: 300_000 };

type Deed = typeof DEEDS[number][1];

/** How often each thing is done. */
const DEEDS = [
  [40, "talk in a room"],
  [8, "talk to everyone"],
  [24, "write privately"],
  [5, "send a file"],
  [4, "look back"],
  [3, "search"],
  [4, "change the status"],
  [6, "move"],
  [4, "go silent"],
] as const;
const TOTAL = DEEDS.reduce((sum, [weight]) => sum + weight, 0);
const EXPIRES = 8_640_000_000_000_000;

export class Person {
  readonly #options: PersonOptions;
  readonly #tokens = new TokenMemory();
  #said = 0;

  constructor(options: PersonOptions) {
    this.#options = options;
    const { pin, name, token } = options;
    void this.#tokens.save(pin, name, { token, expires: EXPIRES });
  }

  /** Comes and goes until it is over. */
  async live(): Promise<void> {
    const { over } = this.#options;
    await this.#pause(AWAY);
    while (!over.aborted) {
      await this.#visit();
      await this.#pause(AWAY);
    }
  }

  async #visit(): Promise<void> {
    const { counts, over, room } = this.#options;
    const machine = new Machine(() => counts.datagrams++);
    const chat = this.#start(machine);
    const reading = this.#read(chat);
    await Promise.race([chat.signedIn, chat.ended]);
    counts.present++;
    void chat.do({ type: "join", conversation: room });
    const end = performance.now() + this.#between(STAY) * 1000;
    while (performance.now() < end && !over.aborted) {
      await this.#pause(PAUSE);
      if (!over.aborted) await this.#act(chat, machine);
    }
    this.#go(machine);
    counts.present--;
    await chat.leave();
    await reading;
  }

  /** In good order, without a word, or by vanishing. */
  #go(machine: Machine): void {
    const { counts, over, random } = this.#options;
    counts.visits++;
    const way = over.aborted ? 1 : random.fraction();
    if (way < 0.3) {
      machine.isCut = true;
      counts.vanished++;
    } else if (way < 0.6) {
      machine.closeAll();
    }
  }

  async #act(chat: Chat, machine: Machine): Promise<void> {
    const { counts } = this.#options;
    const deed = this.#draw();
    switch (deed) {
      case "move":
        if (await machine.move()) counts.moved++;
        return;
      case "go silent":
        machine.isCut = true;
        await this.#pause(SILENCE);
        machine.isCut = false;
        counts.silences++;
        return;
      default:
        // Not awaited: without a network it may take long.
        return void chat.do(this.#intent(deed));
    }
  }

  #intent(deed: Exclude<Deed, "move" | "go silent">): Intent {
    const { room, random } = this.#options;
    const text = `${this.#options.name} says ${++this.#said}`;
    switch (deed) {
      case "talk in a room":
        return { type: "say", conversation: room, text };
      case "talk to everyone":
        return { type: "say", conversation: GENERAL, text };
      case "write privately":
        return { type: "private", to: [this.#other()], text };
      case "send a file":
        return {
          type: "send_file",
          to: { people: [this.#other()] },
          path: String(Math.round(this.#between(FILE))),
        };
      case "look back":
        return { type: "history", place: { type: "room", name: "general" }, limit: 50 };
      case "search":
        return { type: "search", words: `says ${this.#said}` };
      case "change the status":
        return { type: "status", status: random.chance(0.5) ? "away" : "normal" };
    }
  }

  async #read(chat: Chat): Promise<void> {
    for await (const event of chat.events) this.#count(event);
  }

  #count(event: ChatEvent): void {
    const { counts } = this.#options;
    if (event.event === "ack") counts.acks++;
    if (event.event === "message") counts.messages++;
    if (event.event === "file") event.direction === "up" ? counts.sent++ : counts.received++;
    if (event.event === "connected" && event.resumed) counts.resumed++;
    if (event.event !== "error") return;
    counts.errors[event.code] = (counts.errors[event.code] ?? 0) + 1;
  }

  #start(machine: Machine): Chat {
    const { name, pin, port } = this.#options;
    return new Chat({
      engine: machine.engine,
      host: "127.0.0.1",
      port,
      user: name,
      trust: pinned(pin),
      prompts: fixedCredentials({ user: name, password: PASSWORD }),
      tokens: this.#tokens,
      files: { store: THROWAWAY_FILES, autoAccept: FILE.most },
    });
  }

  #draw(): Deed {
    let left = this.#options.random.fraction() * TOTAL;
    for (const [weight, deed] of DEEDS) {
      left -= weight;
      if (left < 0) return deed;
    }
    return "talk in a room";
  }

  #other(): string {
    const { others, random } = this.#options;
    return random.pick(others);
  }

  #between({ least, most }: Range): number {
    return least + this.#options.random.fraction() * (most - least);
  }

  /** Seconds, or until it is over. */
  async #pause(range: Range): Promise<void> {
    await sleep(systemClock, this.#between(range) * 1000, this.#options.over);
  }
}
