/**
 * A local network in memory. Each member receives every multicast, its own included, through the
 * library's encoder and decoder.
 */
import { Buffer } from "node:buffer";
import { decode, encode } from "dns-packet";
import type { RemoteAddress } from "../../protocol/discovery/datagram_filter.ts";
import { fromLibrary, toLibrary } from "../../protocol/discovery/library_messages.ts";
import type { LinkListener, NetworkLink, OpenLinks } from "../../protocol/discovery/links.ts";
import { type DnsMessage, MDNS_PORT } from "../../protocol/discovery/message.ts";

interface Sent {
  readonly from: string;
  readonly message: DnsMessage;
}

/** The message as a datagram. */
export function encodeMessage(message: DnsMessage): Buffer {
  return encode({ type: message.type, ...toLibrary(message) });
}

/** Decodes a datagram. Throws as the library does. */
export function decodeMessage(datagram: Uint8Array): DnsMessage {
  const packet = decode(Buffer.from(datagram));
  return fromLibrary(
    {
      flags: 0,
      questions: [],
      answers: [],
      authorities: [],
      additionals: [],
      ...packet,
      id: packet.id ?? 0,
      type: packet.type ?? "query",
    },
    packet.type ?? "query",
  );
}

export class MemoryLan {
  /** All multicasts, in order. */
  readonly multicasts: Sent[] = [];
  /** All unicasts, in order. */
  readonly unicasts: (Sent & { readonly to: RemoteAddress })[] = [];
  readonly #members = new Map<NetworkLink, LinkListener>();

  /** Opens one link, of a machine with this address. */
  join(address: string): OpenLinks {
    return (_choice, listener) => {
      const link: NetworkLink = {
        internal: false,
        scope: "eth0",
        addresses: [address],
        send: (message, to) => {
          const received = decodeMessage(encodeMessage(message));
          if (to === undefined) this.multicast(received, { address, port: MDNS_PORT });
          else this.unicasts.push({ from: address, message: received, to });
          return Promise.resolve();
        },
      };
      const ready = Promise.resolve().then(() => {
        this.#members.set(link, listener);
        listener.opened(link);
        return undefined;
      });
      return {
        ready,
        [Symbol.asyncDispose]: () => {
          this.#members.delete(link);
          listener.closed(link);
          return Promise.resolve();
        },
      };
    };
  }

  /** Sends to all members, from any address. */
  multicast(message: DnsMessage, from: RemoteAddress): void {
    this.multicasts.push({ from: from.address, message });
    queueMicrotask(() => {
      for (const [link, listener] of this.#members) listener.received(link, message, from);
    });
  }
}
