/**
 * Trust as a client on a user's machine has it: the pin that the user gave, else the pin that is
 * known, else the user is asked.
 */
import type { Expectation, Trust } from "../session/trust.ts";
import { type KnownHosts, knownName } from "./known_hosts.ts";

interface TrustOptions {
  readonly knownHosts: Pick<KnownHosts, "add" | "find" | "path">;
  readonly host: string;
  readonly port: number;
  /** Given by the user: it overrides what is known. */
  readonly pin?: string | undefined;
  /** Whether to trust an unknown server that shows this pin. */
  readonly ask: (pin: string) => Promise<boolean>;
}

export function trustOnFirstUse({ knownHosts, host, port, pin, ask }: TrustOptions): Trust {
  return {
    async expected(): Promise<Expectation | undefined> {
      if (pin !== undefined) {
        return { pin, source: "--pin or the invite line", remedy: "Ask for a new invite line." };
      }
      const known = await knownHosts.find(host, port);
      return known && {
        pin: known.pin,
        source: `${knownHosts.path}, line ${known.line}`,
        remedy: `If the server's admin says that its key is new, delete line ${known.line} of ` +
          `${knownHosts.path} (${knownName(host, port)}) and connect again.`,
      };
    },
    async proven(shown) {
      // So that the next start needs no pin. A pin that is known already stays.
      if (pin === undefined || await knownHosts.find(host, port) !== undefined) return;
      await knownHosts.add(host, port, shown);
    },
    async meet(shown) {
      if (!await ask(shown)) return false;
      await knownHosts.add(host, port, shown);
      return true;
    },
  };
}
