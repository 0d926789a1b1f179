/**
 * Watches the machine's networks come and go: a laptop changes its Wi-Fi, a cable is plugged in, an
 * address is renewed. It reads and writes no records.
 */
import type { Clock } from "../clock.ts";
import { DiscoveryError } from "./interfaces.ts";
import type { RemoteAddress } from "./datagram_filter.ts";
import { type Channel, type Choice, chooseChannels, readInterfaces } from "./interfaces.ts";
import type { DnsMessage } from "./message.ts";
import { SocketLink } from "./socket_link.ts";

/** One network and one address family. */
export interface NetworkLink {
  /** Loopback: senders are on this machine. */
  readonly internal: boolean;
  /** How IPv6 names it in `fe80::1%eth0`. */
  readonly scope: string;
  /** The machine's addresses to announce there. */
  readonly addresses: readonly string[];
  /** Sends to the group, or to one address. Never rejects. */
  send(message: DnsMessage, to?: RemoteAddress): Promise<void>;
}

export interface LinkListener {
  opened(link: NetworkLink): void;
  closed(link: NetworkLink): void;
  received(link: NetworkLink, message: DnsMessage, from: RemoteAddress): void;
}

export interface Links extends AsyncDisposable {
  /** Resolves after the first look, with the reason if there is no link at all. */
  readonly ready: Promise<DiscoveryError | undefined>;
}

/** Opens a link on every network of the choice, and watches for others until closed. */
export type OpenLinks = (choice: Choice, listener: LinkListener, clock: Clock) => Links;

/** Milliseconds between two looks. */
const WATCH_INTERVAL = 15_000;

export const openLinks: OpenLinks = (choice, listener, clock) =>
  new LinkWatcher(choice, listener, clock);

class LinkWatcher implements Links {
  readonly ready: Promise<DiscoveryError | undefined>;
  readonly #choice: Choice;
  readonly #listener: LinkListener;
  readonly #clock: Clock;
  readonly #open = new Map<string, SocketLink>();
  /** The current look. Never rejects. */
  #looking: Promise<DiscoveryError | undefined>;
  #cancel = () => {};
  #closed = false;

  constructor(choice: Choice, listener: LinkListener, clock: Clock) {
    this.#choice = choice;
    this.#listener = listener;
    this.#clock = clock;
    this.ready = this.#looking = this.#look();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#cancel();
    await this.#looking;
    await Promise.all([...this.#open.keys()].map((key) => this.#close(key)));
  }

  async #look(): Promise<DiscoveryError | undefined> {
    let failure: DiscoveryError | undefined;
    try {
      const channels = new Map(
        chooseChannels(readInterfaces(), this.#choice).map((channel) => [keyOf(channel), channel]),
      );
      const gone = [...this.#open.keys()].filter((key) => !channels.has(key));
      await Promise.all(gone.map((key) => this.#close(key)));
      const news = [...channels].filter(([key]) => !this.#open.has(key));
      const failures = await Promise.all(news.map(([key, channel]) => this.#add(key, channel)));
      failure = failures.find((one) => one !== undefined) ??
        new DiscoveryError("this machine has no network with multicast");
    } catch (error) {
      failure = new DiscoveryError(`the networks of this machine cannot be read: ${error}`);
    }
    if (!this.#closed) this.#cancel = this.#clock.after(WATCH_INTERVAL, () => this.#again());
    return this.#open.size === 0 ? failure : undefined;
  }

  #again(): void {
    this.#looking = this.#look();
  }

  async #add(key: string, channel: Channel): Promise<DiscoveryError | undefined> {
    try {
      const link: SocketLink = await SocketLink.open(
        channel,
        (message, from) => this.#listener.received(link, message, from),
        this.#clock,
      );
      this.#open.set(key, link);
      this.#listener.opened(link);
      return undefined;
    } catch (error) {
      return error instanceof DiscoveryError ? error : new DiscoveryError(String(error));
    }
  }

  async #close(key: string): Promise<void> {
    const link = this.#open.get(key);
    if (link === undefined) return;
    this.#open.delete(key);
    this.#listener.closed(link);
    await link.close();
  }
}

/** A new address makes a new link: what was announced on the old one is wrong. */
function keyOf({ interface: { name }, family, addresses }: Channel): string {
  return [name, family, ...addresses].join(" ");
}
