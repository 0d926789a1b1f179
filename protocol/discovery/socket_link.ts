/**
 * One network, by one family of addresses: a socket of the library `multicast-dns`, which joins the
 * group, encodes and decodes.
 *
 * 1. It speaks on its own interface only, so that nobody is told addresses of another network.
 * 2. What is read has passed the guard; what is handed on has been checked record by record.
 * 3. Once open, nothing here throws: a datagram that cannot be sent is lost, as any may be.
 */
import { createSocket, type Socket } from "node:dgram";
import { isIPv4 } from "node:net";
import multicastDns, { type MulticastDNS, type RemoteInfoOutgoing } from "multicast-dns";
import { type Clock, within } from "../clock.ts";
import { DiscoveryError } from "./failure.ts";
import { Guard, type Sender } from "./guard.ts";
import { type Channel, isLinkLocal } from "./interfaces.ts";
import { fromLibrary, toLibrary } from "./library.ts";
import { type DnsMessage, MDNS_PORT } from "./message.ts";

type Receive = (message: DnsMessage, from: Sender) => void;

const GROUPS = { udp4: "224.0.0.251", udp6: "ff02::fb" } as const;
const EVERYWHERE = { udp4: "0.0.0.0", udp6: "::" } as const;

/** Milliseconds that opening, sending and closing may take each. */
const PATIENCE = 2_000;

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
    guardSocket(socket, new Guard(networks, clock.now));
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

  async send(message: DnsMessage, to?: Sender): Promise<void> {
    const packet = toLibrary(message);
    const receiver = this.#receiver(to);
    const sent = new Promise<void>((resolve) => {
      if (message.type === "query") this.#library.query(packet, receiver, () => resolve());
      else this.#library.respond(packet, receiver, () => resolve());
    });
    await within(this.#clock, PATIENCE, sent);
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#library.destroy(resolve));
    await within(this.#clock, PATIENCE, closed);
  }

  /** The library warns when it cannot join the group; once it has, warnings are of odd datagrams. */
  async #isReady(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const fail = (failure: Error) => reject(explain(failure));
    this.#library.on("ready", resolve).on("error", fail).on("warning", fail);
    const late = () => reject(new DiscoveryError("UDP port 5353 could not be opened in time"));
    const cancel = this.#clock.after(PATIENCE, late);
    try {
      await promise;
    } finally {
      cancel();
    }
  }

  #receiver(to: Sender | undefined): RemoteInfoOutgoing | undefined {
    if (to === undefined) return undefined;
    // Deno does not say by which interface an address of the link was heard.
    const scoped = isLinkLocal(to.address) && !to.address.includes("%");
    return { port: to.port, address: scoped ? `${to.address}%${this.scope}` : to.address };
  }
}

/** Puts the guard before the library's own listener, which decodes whatever there is. */
function guardSocket(socket: Socket, guard: Guard): void {
  const listeners = socket.listeners("message");
  socket.removeAllListeners("message");
  socket.on("message", (datagram, from) => {
    if (!guard.admits(datagram, from)) return;
    for (const listener of listeners) listener.call(socket, datagram, from);
  });
}

function explain(failure: Error & { readonly code?: string }): DiscoveryError {
  const reason = failure.code === "EADDRINUSE"
    ? `UDP port ${MDNS_PORT} is taken by a program that does not share it`
    : `multicast does not work here: ${failure.code ?? failure.message}`;
  return new DiscoveryError(reason);
}
