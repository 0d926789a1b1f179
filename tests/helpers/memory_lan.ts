/**
 * A local network in memory: whoever joins hears whatever is said, oneself included, through the
 * library's own encoder and decoder.
 */
import { Buffer } from "node:buffer";
import { decode, encode } from "dns-packet";
import type { RemoteAddress } from "../../protocol/discovery/datagram_filter.ts";
import { fromLibrary, toLibrary } from "../../protocol/discovery/library_messages.ts";
import type { Link, LinkListener, OpenLinks } from "../../protocol/discovery/links.ts";
import { type DnsMessage, MDNS_PORT } from "../../protocol/discovery/message.ts";

interface Said {
  readonly from: string;
  readonly message: DnsMessage;
}

/** The message as the network carries it. */
export function encodeMessage(message: DnsMessage): Buffer {
  return encode({ type: message.type, ...toLibrary(message) });
}

/** What a receiver makes of it. Throws as the library does. */
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
  /** Everything that was said to all, in order. */
  readonly said: Said[] = [];
  /** Everything that was said to one alone. */
  readonly unicasts: (Said & { readonly to: RemoteAddress })[] = [];
  readonly #members = new Map<Link, LinkListener>();

  /** Opens one link, of a machine that has this address. */
  join(address: string): OpenLinks {
    return (_choice, listener) => {
      const link: Link = {
        internal: false,
        scope: "eth0",
        addresses: [address],
        send: (message, to) => {
          const heard = decodeMessage(encodeMessage(message));
          if (to === undefined) this.say(heard, { address, port: MDNS_PORT });
          else this.unicasts.push({ from: address, message: heard, to });
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

  /** Says something to all, as whoever is not a member too. */
  say(message: DnsMessage, from: RemoteAddress): void {
    this.said.push({ from: from.address, message });
    queueMicrotask(() => {
      for (const [link, listener] of this.#members) listener.received(link, message, from);
    });
  }
}
