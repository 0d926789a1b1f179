/** The flood: many flooders in one process, each with an account and an address of its own. */
import { serveCommands } from "../harness/commands.ts";
import type { Basics } from "../harness/commands.ts";
import { originOf } from "./dial_from.ts";
import { Flooder, type FloodKind } from "./flooder.ts";
import type { Where } from "./main.ts";

export interface Member {
  readonly user: string;
  readonly token: string;
  readonly kind: FloodKind;
}

/** In a second. */
export interface FloodRate {
  readonly requests: number;
  readonly connections: number;
  readonly signedIn: number;
}

let flooders: readonly Flooder[] = [];
let since = 0;

const commands = {
  /** Lets these accounts enter the room of the flooders. */
  async prepare({ where, members }: { where: Where; members: Member[] }): Promise<void> {
    for (const flooder of floodersOf(where, members)) await flooder.prepare();
  },

  start({ where, members }: { where: Where; members: Member[] }): void {
    flooders = floodersOf(where, members);
    since = performance.now();
    for (const flooder of flooders) flooder.start();
  },

  /** Resolves when all have gone, with what they have done. */
  async stop(): Promise<FloodRate> {
    const seconds = (performance.now() - since) / 1000;
    const rate = (of: keyof FloodRate) =>
      flooders.reduce((sum, { counts }) => sum + counts[of], 0) / seconds;
    const rates = {
      requests: rate("requests"),
      connections: rate("connections"),
      signedIn: rate("signedIn"),
    };
    await Promise.all(flooders.map((flooder) => flooder.stop()));
    flooders = [];
    return rates;
  },
};

export type FloodCommands = typeof commands & Basics;

function floodersOf({ hash, port }: Where, members: readonly Member[]): Flooder[] {
  return members.map((member, at) =>
    new Flooder({
      ...member,
      origin: originOf("flooder", at),
      port,
      hash: Uint8Array.fromHex(hash),
    })
  );
}

await serveCommands({}, commands);
