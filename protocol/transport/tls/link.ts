/**
 * A link: one TLS connection, as capsules. It knows nothing of what they mean; whoever owns it does.
 *
 * It always reads. What may come is bounded by the credit that was granted, not by leaving bytes in
 * the socket: a link that is not read does not notice its end, and on Deno 2.9 a paused TLS socket
 * takes in everything all the same.
 */
import { clearTimeout, setTimeout } from "node:timers";
import type { TLSSocket } from "node:tls";
import { CapsuleReader } from "./capsule_reader.ts";
import { type Capsule, encode, Fault } from "./capsules.ts";
import { textOf } from "./failures.ts";

/** Who is told what happens on a link. */
export interface LinkOwner {
  /** May throw `Fault`. */
  receive(capsule: Capsule, link: Link): void;
  /** There is room again for what is sent. */
  drained(): void;
  /** The peer has broken the rules. Whatever this does, nothing else is heard of the link. */
  fault(fault: Fault, link: Link): void;
  /** It has ended, or has broken, though nobody here has ended it. Nothing else comes of it. */
  broken(reason: string): void;
}

/**
 * Bytes that a peer may leave unread before it is given up. Streams wait long before that: this is
 * for what is sent without waiting, as credit is.
 */
const MAX_UNREAD = 256 * 1024;
/** How long a peer that was told goodbye has to hang up, in milliseconds. */
const LINGER = 2_000;

export class Link {
  owner: LinkOwner;
  /** The socket has closed. */
  readonly gone: Promise<void>;
  readonly #socket: TLSSocket;
  readonly #reader = new CapsuleReader();
  /** `left`: what comes is dropped, until the peer hangs up or its time is over. */
  #state: "open" | "left" | "gone" = "open";
  #deadline: ReturnType<typeof setTimeout> | undefined;

  /** The socket's handshake is done, and nobody has read from it yet. */
  constructor(socket: TLSSocket, owner: LinkOwner) {
    this.#socket = socket;
    this.owner = owner;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.gone = promise;
    socket.on("data", (bytes: Uint8Array) => this.#receive(bytes));
    socket.on("drain", () => this.#state === "open" && this.owner.drained());
    socket.on("end", () => this.#break("the peer has hung up"));
    socket.on("error", (error) => this.#break(textOf(error)));
    const closed = () => {
      this.#break("the TCP connection has closed");
      clearTimeout(this.#deadline);
      resolve();
    };
    socket.on("close", closed);
    // Its event may have gone by; but nobody can be told before they have this link.
    if (socket.destroyed) queueMicrotask(closed);
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** Whether there is room to send; when not, `drained` tells when there is. */
  get hasRoom(): boolean {
    return this.#state === "open" && !this.#socket.writableNeedDrain;
  }

  /** Sends, whether there is room or not; after the link's end does nothing. */
  send(capsule: Capsule): void {
    if (this.#state !== "open") return;
    this.#socket.write(encode(capsule));
    if (this.#socket.writableLength > MAX_UNREAD) this.#break("the peer does not read");
  }

  /** Sends what was given to it, then hangs up, and waits for the peer to do so too. */
  finish(): void {
    if (this.#state !== "open") return;
    this.leave();
    this.#socket.end();
  }

  /** Sends and hears nothing more, and leaves it to the peer to hang up. */
  leave(): void {
    if (this.#state !== "open") return;
    this.#state = "left";
    this.#deadline = setTimeout(() => this.destroy(), LINGER);
  }

  destroy(): void {
    this.#state = "gone";
    this.#socket.destroy();
  }

  #receive(bytes: Uint8Array): void {
    // Not Node's Buffer: chunks that are handed on are plain.
    const chunk = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    try {
      for (const capsule of this.#reader.read(chunk)) {
        if (this.#state !== "open") return;
        this.owner.receive(capsule, this);
      }
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.owner.fault(error, this);
      this.leave();
    }
  }

  #break(reason: string): void {
    const unexpected = this.#state === "open";
    this.destroy();
    if (unexpected) this.owner.broken(reason);
  }
}
