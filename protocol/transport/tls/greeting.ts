/** The owner of a link until its first capsule has come: what that says decides who gets the link. */
import type { Capsule, Fault } from "./capsules.ts";
import type { Link, LinkOwner } from "./link.ts";

export interface GreetingOptions {
  /** Gives the link to another owner at once, since more may have come; or throws `Fault`. */
  readonly first: (capsule: Capsule, link: Link) => void;
  /** There will be no first capsule, or it was at fault. */
  readonly failed: (reason: string) => void;
}

export class Greeting implements LinkOwner {
  readonly #options: GreetingOptions;

  constructor(options: GreetingOptions) {
    this.#options = options;
  }

  receive(capsule: Capsule, link: Link): void {
    this.#options.first(capsule, link);
  }

  drained(): void {}

  fault({ code, message }: Fault, link: Link): void {
    link.send({ type: "close", close: { kind: "transport", code, reason: message, by: "local" } });
    link.finish();
    this.#options.failed(message);
  }

  broken(reason: string): void {
    this.#options.failed(reason);
  }
}
