/**
 * Trust as a client on a user's machine has it: the pin that is remembered, else the pin that the
 * user gave, else the user is asked. A given pin never overrides a remembered one: an invite line
 * may come from anybody.
 */
import { formatPin, parsePin } from "../../certs/fingerprint.ts";
import { assert } from "../../protocol/assert.ts";
import { type Expectation, PinConflictError, type Trust } from "../session/trust.ts";
import { type KnownHosts, knownName } from "./known_hosts.ts";

interface TrustOptions {
  readonly knownHosts: Pick<KnownHosts, "add" | "find" | "path">;
  readonly host: string;
  readonly port: number;
  /** Given by the user, in any spelling that `parsePin` takes. */
  readonly pin?: string | undefined;
  /** Whether to trust an unknown server that shows this pin. */
  readonly ask: (pin: string) => Promise<boolean>;
}

const GIVEN_SOURCE = "--pin or the invite line";

export function trustOnFirstUse({ knownHosts, host, port, pin, ask }: TrustOptions): Trust {
  const given = pin === undefined ? undefined : givenExpectation(pin);
  /** Throws `PinConflictError`. */
  const findRemembered = async (): Promise<Expectation | undefined> => {
    const known = await knownHosts.find(host, port);
    if (known === undefined) return undefined;
    const remembered = {
      pin: known.pin,
      source: `${knownHosts.path}, line ${known.line}`,
      remedy: `If the server's admin says that its key is new, delete line ${known.line} of ` +
        `${knownHosts.path} (${knownName(host, port)}) and connect again.`,
    };
    if (given === undefined || given.pin === remembered.pin) return remembered;
    throw new PinConflictError(knownName(host, port), remembered, given);
  };
  return {
    async expected() {
      return await findRemembered() ?? given;
    },
    async proven(shown) {
      // So that the next start needs no pin. Another client may have added the server meanwhile.
      if (given === undefined || await findRemembered() !== undefined) return;
      await knownHosts.add(host, port, shown);
    },
    async meet(shown) {
      if (!await ask(shown)) return false;
      await knownHosts.add(host, port, shown);
      return true;
    },
  };
}

function givenExpectation(pin: string): Expectation {
  const hash = parsePin(pin);
  assert(hash !== undefined, "a given pin was checked when it was read");
  return { pin: formatPin(hash), source: GIVEN_SOURCE, remedy: "Ask for a new invite line." };
}
