/**
 * Announces a server on the local network: its name, address, pin, rooms and number of users, as
 * DNS-SD over multicast DNS (RFC 6763, RFC 6762). For servers.
 *
 * A failure here never stops a server: it is reported once, and nothing throws.
 */
import { type Clock, systemClock } from "../clock.ts";
import { type Activity, encodeDetails } from "./details.ts";
import { DiscoveryError } from "./interfaces.ts";
import { type Links, type NetworkLink, type OpenLinks, openLinks } from "./links.ts";
import { hostName, instanceLabel, recordsOf, type ServerRecords } from "./records.ts";
import { Responder } from "./responder.ts";

export interface AnnounceOptions {
  /** The server's name, as users see it. If another server has it, digits of the pin are added. */
  readonly name: string;
  /** The address that the server listens on; `::` is all of them. */
  readonly host: string;
  /** UDP, of QUIC. */
  readonly port: number;
  /** TCP, of TLS. */
  readonly tlsPort?: number | undefined;
  /** `SHA256:…`. */
  readonly pin: string;
  /** The rooms and the number of users now. */
  readonly activity: Activity;
  /** Only on this network: an interface's name, or one of its addresses. */
  readonly interface?: string | undefined;
  /** The server is not announced, or not any more. Called at most once. */
  readonly onFailure: (failure: DiscoveryError) => void;
}

/** What tests replace. */
interface AnnounceDependencies {
  readonly clock: Clock;
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly openLinks: OpenLinks;
}

export interface Announcement extends AsyncDisposable {
  /** The name in use, for example `Lab` or `Lab (q0ZrXa)`. */
  readonly name: string;
  /** Sets rooms and users. Changes are announced every few seconds. */
  update(activity: Activity): void;
}

/** Milliseconds between two updates. */
const UPDATE_INTERVAL = 5_000;

export function announce(
  options: AnnounceOptions,
  deps: Partial<AnnounceDependencies> = {},
): Announcement {
  return new Announcer(options, {
    clock: systemClock,
    random: Math.random,
    openLinks,
    ...deps,
  });
}

class Announcer implements Announcement {
  readonly #options: AnnounceOptions;
  readonly #deps: AnnounceDependencies;
  readonly #responders = new Map<NetworkLink, Responder>();
  readonly #links: Links;
  /** The names to try, the best first. */
  readonly #labels: readonly string[];
  readonly #host: string;
  #label = 0;
  /** The last activity that was announced. */
  #announced: Activity;
  #activity: Activity;
  #updatedAt = -Infinity;
  #cancelUpdate: (() => void) | undefined;
  #failureReported = false;
  /** Every name is taken. */
  #gaveUp = false;
  #withdrawn: Promise<void> | undefined;

  constructor(options: AnnounceOptions, deps: AnnounceDependencies) {
    const { name, pin, host, interface: only } = options;
    this.#options = options;
    this.#deps = deps;
    this.#labels = labelsOf(name, pin);
    this.#host = hostName(pin);
    this.#announced = this.#activity = options.activity;
    this.#links = deps.openLinks({ only, host }, {
      opened: (link) => this.#add(link),
      closed: (link) => this.#remove(link),
      received: (link, message, from) => this.#responders.get(link)?.received(message, from),
    }, deps.clock);
    void this.#links.ready.then((failure) => failure && this.#fail(failure));
  }

  get name(): string {
    return this.#labels[this.#label] ?? this.#options.name;
  }

  update(activity: Activity): void {
    this.#activity = activity;
    if (this.#cancelUpdate !== undefined || this.#withdrawn !== undefined) return;
    if (isSame(activity, this.#announced)) return;
    const { clock } = this.#deps;
    const wait = Math.max(0, this.#updatedAt + UPDATE_INTERVAL - clock.now());
    this.#cancelUpdate = clock.after(wait, () => {
      this.#cancelUpdate = undefined;
      this.#announce();
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#withdrawn ??= this.#withdraw();
  }

  async #withdraw(): Promise<void> {
    this.#cancelUpdate?.();
    await Promise.all([...this.#responders.values()].map((responder) => responder.withdraw()));
    await this.#links[Symbol.asyncDispose]();
  }

  #announce(): void {
    if (isSame(this.#activity, this.#announced)) return;
    this.#announced = this.#activity;
    this.#updatedAt = this.#deps.clock.now();
    for (const [link, responder] of this.#responders) responder.update(this.#recordsFor(link));
  }

  #add(link: NetworkLink): void {
    if (this.#gaveUp || this.#withdrawn !== undefined) return;
    const responder = new Responder(link, {
      ...this.#deps,
      onConflict: () => this.#takeAnotherName(),
    });
    this.#responders.set(link, responder);
    responder.claim(this.#recordsFor(link));
  }

  #remove(link: NetworkLink): void {
    this.#responders.get(link)?.stop();
    this.#responders.delete(link);
  }

  /** One name on all links: RFC 6762, section 9. */
  #takeAnotherName(): void {
    if (++this.#label < this.#labels.length) {
      for (const [link, responder] of this.#responders) responder.claim(this.#recordsFor(link));
      return;
    }
    this.#label = this.#labels.length - 1;
    this.#gaveUp = true;
    // Without a goodbye: it would withdraw the name's owner.
    for (const link of [...this.#responders.keys()]) this.#remove(link);
    this.#fail(new DiscoveryError(`another server on this network has every name: ${this.name}`));
  }

  #fail(failure: DiscoveryError): void {
    if (this.#failureReported) return;
    this.#failureReported = true;
    this.#options.onFailure(failure);
  }

  #recordsFor({ addresses }: NetworkLink): ServerRecords {
    const { port, pin, tlsPort } = this.#options;
    return recordsOf({
      label: this.name,
      host: this.#host,
      port,
      text: encodeDetails({ pin, tlsPort, ...this.#announced }),
      addresses,
    });
  }
}

function isSame(one: Activity, other: Activity): boolean {
  return one.people === other.people && one.rooms.join() === other.rooms.join();
}

/** Digits of the pin make names unique; the second name is free as a rule. */
function labelsOf(name: string, pin: string): string[] {
  const digits = pin.replace(/^SHA256:/, "");
  return [instanceLabel(name), ...[6, 12].map((n) => instanceLabel(name, digits.slice(0, n)))];
}
