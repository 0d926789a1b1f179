/**
 * Whether to trust a server: the pin that it must show, and what to do at the first contact. Where
 * pins are stored is for `KnownHosts`.
 */

/** The pin that a server must show, and the texts for the error when it shows another. */
export interface Expectation {
  readonly pin: string;
  /** Where the pin comes from: `--pin`, or a file and a line. */
  readonly source: string;
  /** What to do if the new key is the right one. */
  readonly remedy: string;
}

export interface Trust {
  /** `undefined`: unknown server. Called before each connection. Throws `PinConflictError`. */
  expected(): Promise<Expectation | undefined>;
  /** The first contact: whether to trust this pin, now and later. */
  meet(pin: string): Promise<boolean>;
  /** The server has proved that it has the key of the expected pin. */
  proven?(pin: string): Promise<void>;
}

/** Trusts only the server with this pin. */
export function pinned(pin: string, source = "the pin that was given"): Trust {
  const remedy = "Ask the server's admin for its new pin.";
  return {
    expected: () => Promise.resolve({ pin, source, remedy }),
    meet: () => Promise.resolve(false),
  };
}

/** A server shows another key than expected. Nothing was sent to it. */
export class KeyChangedError extends Error {
  override readonly name = "KeyChangedError";

  /** `shown`: the pin; `undefined` where the engine hides certificates. */
  constructor(server: string, expectation: Expectation, shown: string | undefined) {
    super(
      `The key of ${server} has CHANGED. Either the server has a new key, or an attacker is ` +
        `between you and it. Nothing was sent.\n` +
        `Expected (${expectation.source}): ${expectation.pin}\n` +
        `Shown by the server: ${shown ?? "another (this engine does not show which)"}\n` +
        expectation.remedy,
    );
  }
}

/** The user gave another pin than the one that is remembered. Nothing was dialled. */
export class PinConflictError extends Error {
  override readonly name = "PinConflictError";

  constructor(server: string, remembered: Expectation, given: Expectation) {
    super(
      `The pin that was given for ${server} is NOT the one that is remembered. Either the server ` +
        `has a new key, or an attacker wants you to connect to another server. Nothing was sent.\n` +
        `Remembered (${remembered.source}): ${remembered.pin}\n` +
        `Given (${given.source}): ${given.pin}\n` +
        remembered.remedy,
    );
  }
}

/** The server is unknown, and the user did not trust it. Nothing was sent to it. */
export class UntrustedError extends Error {
  override readonly name = "UntrustedError";
}
