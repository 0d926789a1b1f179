/** Owns a link until its first capsule, which decides who owns it next. */
import type { Capsule, Fault } from "./capsules.ts";
import type { LinkOwner, TlsLink } from "./tls_link.ts";

interface UnopenedLinkOptions {
  /** MUST give the link its next owner at once, since more may have come. May throw `Fault`. */
  readonly first: (capsule: Capsule, link: TlsLink) => void;
  /** No first capsule comes, or it is invalid. */
  readonly failed: (reason: string) => void;
}

export class UnopenedLink implements LinkOwner {
  readonly #options: UnopenedLinkOptions;

  constructor(options: UnopenedLinkOptions) {
    this.#options = options;
  }

  receive(capsule: Capsule, link: TlsLink): void {
    this.#options.first(capsule, link);
  }

  drained(): void {}

  fault({ code, message }: Fault, link: TlsLink): void {
    link.send({ type: "close", close: { kind: "transport", code, reason: message, by: "local" } });
    link.finish();
    this.#options.failed(message);
  }

  broken(reason: string): void {
    this.#options.failed(reason);
  }
}
