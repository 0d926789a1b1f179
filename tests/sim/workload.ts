/** What people do in a run: each client does one thing after the other, drawn at random. */
import type { Intent } from "../../client/events.ts";
import { SEND_LIMITS } from "../../client/messages/send_queue.ts";
import type { Random } from "./random.ts";
import type { Truth } from "./record.ts";
import type { SimClient } from "./sim_client.ts";
import type { Deed, Swarm } from "./swarm.ts";
import type { World } from "./world.ts";

/** Words that texts have, and that are searched for. */
const WORDS = ["apple", "pear", "plum", "fig"] as const;
/** Bursts of more messages than may wait at once. */
const FLOOD = 1 / 200;
/** Rooms that people make, and all of them. */
const MADE_ROOMS = ["room:r1", "room:r2"] as const;
const ROOMS = ["room:general", "room:tech", "room:random", ...MADE_ROOMS];

interface WorkloadOptions {
  readonly world: World;
  readonly random: Random;
  readonly swarm: Swarm;
  readonly clients: readonly SimClient[];
  readonly accounts: readonly string[];
  readonly truth: Truth;
}

export class Workload {
  readonly #options: WorkloadOptions;
  /** Groups that someone has wanted to make, with who did. */
  readonly #groups = new Map<string, string>();
  readonly #deeds: readonly (readonly [Deed, number])[];
  #count = 0;
  #ended = false;

  constructor(options: WorkloadOptions) {
    this.#options = options;
    this.#deeds = [...options.swarm.deeds];
    for (const client of options.clients) this.#later(client);
  }

  end(): void {
    this.#ended = true;
  }

  #later(client: SimClient): void {
    const { world, random, swarm } = this.#options;
    const wait = -Math.log(1 - random.fraction()) * swarm.pace;
    world.after(wait, () => {
      if (this.#ended) return;
      for (const intent of this.#draw(client)) this.#do(client, intent);
      this.#later(client);
    });
  }

  #do(client: SimClient, intent: Intent): void {
    const { truth } = this.#options;
    client.do(intent).catch((failure) => {
      truth.broke("a command threw", `${client.machine} ${intent.type}: ${failure}`);
    });
  }

  #draw(client: SimClient): readonly Intent[] {
    const { random } = this.#options;
    const sum = this.#deeds.reduce((total, [, weight]) => total + weight, 0);
    let left = random.fraction() * sum;
    const [deed] = this.#deeds.find(([, weight]) => (left -= weight) < 0) ?? ["say"];
    if (deed === "burst") {
      const conversation = this.#place();
      const isFlood = random.chance(FLOOD);
      const count = isFlood ? SEND_LIMITS.messages + 50 : random.integer(3, 40);
      return Array.from({ length: count }, () => this.#say(client, conversation));
    }
    if (deed === "delete" && random.chance(0.7)) return this.#sayAndDelete(client);
    return [this.#intent(deed, client)];
  }

  /** Messages are on their way while their place is deleted. */
  #sayAndDelete(client: SimClient): readonly Intent[] {
    const conversation = this.#deleted();
    const count = this.#options.random.integer(1, 5);
    const say = () => Array.from({ length: count }, () => this.#say(client, conversation));
    return [...say(), { type: "delete", conversation }, ...say()];
  }

  #intent(deed: Exclude<Deed, "burst">, client: SimClient): Intent {
    const { random } = this.#options;
    switch (deed) {
      case "say":
        return this.#say(client, this.#place());
      case "private":
        return { type: "private", to: [this.#other(client)], text: this.#text(client) };
      case "sealed":
        return {
          type: "secret",
          to: this.#other(client),
          passphrase: "key",
          text: this.#text(client),
        };
      case "file":
        return this.#file(client);
      case "group":
        return this.#makeGroup(client);
      case "membership":
        return this.#changeGroup(client);
      case "room":
        return this.#changeRoom();
      case "status":
        return { type: "status", status: random.pick(["normal", "dnd", "away"]) };
      case "history":
        return this.#askHistory();
      case "search":
        return { type: "search", words: this.#words() };
      case "delete":
        return { type: "delete", conversation: this.#deleted() };
    }
  }

  /** Of the current room, or of a group, which may be one of others. */
  #askHistory(): Intent {
    const limit = this.#options.random.integer(1, 200);
    if (this.#groups.size === 0) return { type: "history", limit };
    const name = this.#group().slice("group:".length);
    return { type: "history", place: { type: "group", name }, limit };
  }

  #say(client: SimClient, conversation: string): Intent {
    return { type: "say", conversation, text: this.#text(client) };
  }

  #text(client: SimClient): string {
    const { random, swarm, truth } = this.#options;
    const padding = random.chance(0.2) ? "x".repeat(random.integer(0, swarm.longest)) : "";
    const words = WORDS.filter(() => random.chance(0.25));
    const text = ["text", ++this.#count, ...words, padding].join(" ").trim();
    truth.said.set(text, client.account);
    return text;
  }

  /** One or two words to search for. */
  #words(): string {
    const { random } = this.#options;
    const word = random.pick<string>([...WORDS, "TEXT", "nothing"]);
    if (random.chance(0.7)) return word;
    return `${word} ${random.pick<string>([...WORDS, `${random.integer(1, this.#count + 1)}`])}`;
  }

  #place(): string {
    const { random } = this.#options;
    if (this.#groups.size > 0 && random.chance(0.4)) return this.#group();
    return random.chance(0.8) ? "room:general" : random.pick(ROOMS);
  }

  #group(): string {
    const groups = [...this.#groups.keys()];
    return groups.length === 0 ? "group:none" : this.#options.random.pick(groups);
  }

  /** A place that may be deleted. */
  #deleted(): string {
    const { random } = this.#options;
    return random.chance(0.5) ? random.pick(MADE_ROOMS) : this.#group();
  }

  #changeRoom(): Intent {
    const { random } = this.#options;
    if (random.chance(0.3)) return { type: "create", conversation: random.pick(MADE_ROOMS) };
    return { type: random.pick(["join", "leave"]), conversation: random.pick(ROOMS.slice(1)) };
  }

  #other(client: SimClient): string {
    const { random, accounts } = this.#options;
    return random.pick(accounts.filter((name) => name !== client.account));
  }

  #makeGroup(client: SimClient): Intent {
    const { random, accounts } = this.#options;
    const conversation = `group:g${random.integer(1, 6)}`;
    if (!this.#groups.has(conversation)) this.#groups.set(conversation, client.account);
    const members = accounts.filter((name) => name !== client.account && random.chance(0.7));
    return { type: "create", conversation, members };
  }

  #changeGroup(client: SimClient): Intent {
    const { random } = this.#options;
    const conversation = this.#group();
    if (random.chance(0.1)) return { type: "leave", conversation };
    return { type: random.pick(["add", "remove"]), conversation, users: [this.#other(client)] };
  }

  #file(client: SimClient): Intent {
    const { random, truth } = this.#options;
    const name = `file${++this.#count}.bin`;
    // The server keeps equal files of an account once.
    const earlier = [...client.files.files.values()];
    const bytes = earlier.length > 0 && random.chance(0.3)
      ? random.pick(earlier)
      : random.bytes(Math.floor(random.logarithmic(10, 150_000)));
    truth.files.set(name, bytes);
    truth.said.set(name, client.account);
    client.files.files.set(name, bytes);
    const to = random.chance(0.5)
      ? { people: [this.#other(client)] }
      : { conversation: this.#place() };
    return { type: "send_file", to, path: name };
  }
}
