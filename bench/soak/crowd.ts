/** The crowd of the soak: people who come and go, in one process. The first argument is a seed. */
import process from "node:process";
import { formatPin } from "../../certs/fingerprint.ts";
import { type Basics, serveCommands } from "../harness/commands.ts";
import { Random } from "../../tests/sim/random.ts";
import { type Counts, makeCounts } from "./counts.ts";
import { Person } from "./person.ts";

interface Crowd {
  readonly port: number;
  /** Hex. */
  readonly hash: string;
  readonly people: readonly { readonly name: string; readonly token: string }[];
}

/** Rooms that a server has from the start, besides the one that everyone is in. */
const ROOMS = ["room:tech", "room:random"] as const;
/** The people that one writes to. */
const FRIENDS = 10;

const counts = makeCounts();
const over = new AbortController();
const lives: Promise<void>[] = [];
const seeds = new Random(Number(process.argv[2] ?? 1));

const commands = {
  start({ port, hash, people }: Crowd): void {
    const pin = formatPin(Uint8Array.fromHex(hash));
    const names = people.map(({ name }) => name);
    for (const [at, { name, token }] of people.entries()) {
      const others = [...names, ...names].slice(
        at + 1,
        at + 1 + Math.min(FRIENDS, names.length - 1),
      );
      const room = ROOMS[at % ROOMS.length] ?? ROOMS[0];
      const random = seeds.fork();
      const options = { name, token, port, pin, room, others, random, counts, over: over.signal };
      lives.push(new Person(options).live());
    }
  },

  counts(): Counts {
    return counts;
  },

  /** Everyone leaves in good order; resolves when they are gone. */
  async stop(): Promise<Counts> {
    over.abort();
    await Promise.all(lives);
    return counts;
  },
};

export type CrowdCommands = typeof commands & Basics;

await serveCommands({}, commands);
