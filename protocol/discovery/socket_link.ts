/**
 * A link on a socket of the library `multicast-dns`, which joins the group, encodes and decodes.
 *
 * 1. It sends on its own interface only: addresses of one network never reach another.
 * 2. `DatagramFilter` accepts every datagram that is decoded; each record is checked after that.
 * 3. Once open, it never throws: a datagram that cannot be sent is lost, as any may be.
 */
import { createSocket, type Socket } from "node:dgram";
import { isIPv4 } from "node:net";
import multicastDns, { type MulticastDNS, type RemoteInfoOutgoing } from "multicast-dns";
import { type Clock, within } from "../clock.ts";
import { DiscoveryError } from "./interfaces.ts";
import { DatagramFilter, type RemoteAddress } from "./datagram_filter.ts";
import { type Channel, isLinkLocal } from "./interfaces.ts";
import { fromLibrary, toLibrary } from "./library_messages.ts";
import { type DnsMessage, MDNS_PORT } from "./message.ts";

type Receive = (message: DnsMessage, from: RemoteAddress) => void;

const GROUPS = { udp4: "224.0.0.251", udp6: "ff02::fb" } as const;
const EVERYWHERE = { udp4: "0.0.0.0", udp6: "::" } as const;

/** Milliseconds for each of opening, sending and closing. */
const TIMEOUT = 2_000;

export class SocketLink {
  readonly internal: boolean;
  readonly scope: string;
  readonly addresses: readonly string[];
  readonly #library: MulticastDNS;
  readonly #clock: Clock;

  private constructor(channel: Channel, library: MulticastDNS, clock: Clock) {
    this.internal = channel.interface.internal;
    this.scope = channel.interface.scope;
    this.addresses = channel.addresses;
    this.#library = library;
    this.#clock = clock;
  }

  /** Rejects with a `DiscoveryError` where multicast does not work. */
  static async open(channel: Channel, receive: Receive, clock: Clock): Promise<SocketLink> {
    const { family, interface: { networks, scope, addresses } } = channel;
    const socket = createSocket({ type: family, reuseAddr: true, ipv6Only: family === "udp6" });
    const library = multicastDns({
      socket,
      type: family,
      ip: GROUPS[family],
      interface: family === "udp6" ? `::%${scope}` : addresses.find(isIPv4) ?? "",
      bind: EVERYWHERE[family],
    });
    filterSocket(socket, new DatagramFilter(networks, clock.now));
    const link = new SocketLink(channel, library, clock);
    library.on("query", (packet, from) => receive(fromLibrary(packet, "query"), from));
    library.on("response", (packet, from) => receive(fromLibrary(packet, "response"), from));
    try {
      await link.#isReady();
    } catch (failure) {
      await link.close();
      throw failure;
    }
    return link;
  }

  async send(message: DnsMessage, to?: RemoteAddress): Promise<void> {
    const packet = toLibrary(message);
    const receiver = this.#receiver(to);
    const sent = new Promise<void>((resolve) => {
      if (message.type === "query") this.#library.query(packet, receiver, () => resolve());
      else this.#library.respond(packet, receiver, () => resolve());
    });
    await within(this.#clock, TIMEOUT, sent);
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#library.destroy(resolve));
    await within(this.#clock, TIMEOUT, closed);
  }

  /** The library warns when it cannot join the group. Later warnings are about bad datagrams. */
  async #isReady(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const fail = (failure: Error) => reject(explain(failure));
    this.#library.on("ready", resolve).on("error", fail).on("warning", fail);
    const late = () => reject(new DiscoveryError("UDP port 5353 could not be opened in time"));
    const cancel = this.#clock.after(TIMEOUT, late);
    try {
      await promise;
    } finally {
      cancel();
    }
  }

  #receiver(to: RemoteAddress | undefined): RemoteInfoOutgoing | undefined {
    if (to === undefined) return undefined;
    // Deno does not tell the interface of a link-local sender.
    const scoped = isLinkLocal(to.address) && !to.address.includes("%");
    return { port: to.port, address: scoped ? `${to.address}%${this.scope}` : to.address };
  }
}

/** Puts the filter before the library's own listener, which decodes every datagram. */
function filterSocket(socket: Socket, filter: DatagramFilter): void {
  const listeners = socket.listeners("message");
  socket.removeAllListeners("message");
  socket.on("message", (datagram, from) => {
    if (!filter.accepts(datagram, from)) return;
    for (const listener of listeners) listener.call(socket, datagram, from);
  });
}

function explain(failure: Error & { readonly code?: string }): DiscoveryError {
  const reason = failure.code === "EADDRINUSE"
    ? `another program uses UDP port ${MDNS_PORT} and does not share it`
    : `multicast does not work here: ${failure.code ?? failure.message}`;
  return new DiscoveryError(reason);
}
