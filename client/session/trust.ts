/**
 * Whether a server is the one that was meant: the pin that it must show, and what happens at the
 * first contact. Where pins are kept is not decided here (`known_hosts.ts`).
 */

/** The pin that a server must show, and who says so, for the message when it shows another. */
export interface Expectation {
  readonly pin: string;
  /** For example `--pin`, or a file and a line. */
  readonly source: string;
  /** What to do if the change is rightful. */
  readonly remedy: string;
}

export interface Trust {
  /** `undefined`: this server was never met. Asked anew before each connection. */
  expected(): Promise<Expectation | undefined>;
  /** The first contact: whether to go on with a server that shows this pin, now and from now on. */
  meet(pin: string): Promise<boolean>;
  /** The server has shown the pin that it must, and the key to it. */
  proven?(pin: string): Promise<void>;
}

/** Trusts the server with this pin, and no other. */
export function pinned(pin: string, source = "the pin that was given"): Trust {
  const remedy = "Ask whoever runs the server for its new pin.";
  return {
    expected: () => Promise.resolve({ pin, source, remedy }),
    meet: () => Promise.resolve(false),
  };
}

/** A server shows another key than it should. Nothing was sent to it. */
export class KeyChangedError extends Error {
  override readonly name = "KeyChangedError";

  /** `shown`: `undefined` where the engine does not show certificates. */
  constructor(server: string, expectation: Expectation, shown: string | undefined) {
    super(
      `The key of ${server} has CHANGED. Either the server was set up anew, or somebody is ` +
        `between you and it, and nothing was sent.\n` +
        `Expected (${expectation.source}): ${expectation.pin}\n` +
        `Shown by the server: ${shown ?? "another (this engine does not show which)"}\n` +
        expectation.remedy,
    );
  }
}

/** A server was never met, and nobody said to trust it. Nothing was sent to it. */
export class UntrustedError extends Error {
  override readonly name = "UntrustedError";
}
