/**
 * A link: one TLS connection that carries capsules. Its owner knows what they mean.
 *
 * It always reads. Credit bounds what may come, not bytes left in the socket: a link that is not
 * read does not notice its end, and on Deno 2.9 even a paused TLS socket takes in everything.
 */
import type { TLSSocket } from "node:tls";
import type { Clock } from "../../clock.ts";
import { CapsuleReader } from "./capsule_reader.ts";
import { type Capsule, encode, Fault } from "./capsules.ts";
import { textOf } from "./failures.ts";

/** Takes what happens on a link. */
export interface LinkOwner {
  /** May throw `Fault`. */
  receive(capsule: Capsule, link: TlsLink): void;
  /** There is room to send again. */
  drained(): void;
  /** The peer has broken the protocol. Nothing else comes from the link. */
  fault(fault: Fault, link: TlsLink): void;
  /** The peer has ended the link, or it broke. Nothing else comes from it. */
  broken(reason: string): void;
}

/**
 * Bytes that a peer may leave unread before the link is closed. Streams wait long before that; this
 * bounds capsules that are sent without waiting, such as credit.
 */
const MAX_UNREAD = 256 * 1024;
/** Milliseconds that the peer has to hang up. */
const LINGER = 2_000;

export class TlsLink {
  owner: LinkOwner;
  /** The socket has closed. */
  readonly gone: Promise<void>;
  readonly #socket: TLSSocket;
  readonly #clock: Pick<Clock, "after">;
  readonly #reader = new CapsuleReader();
  /** `left`: drops what comes, until the peer hangs up or its time is over. */
  #state: "open" | "left" | "gone" = "open";
  #cancelDeadline = () => {};

  /** `socket`: its handshake is done, and nothing was read from it. */
  constructor(socket: TLSSocket, owner: LinkOwner, clock: Pick<Clock, "after">) {
    this.#socket = socket;
    this.#clock = clock;
    this.owner = owner;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.gone = promise;
    socket.on("data", (bytes: Uint8Array) => this.#receive(bytes));
    socket.on("drain", () => this.#state === "open" && this.owner.drained());
    socket.on("end", () => this.#break("the peer has hung up"));
    socket.on("error", (error) => this.#break(textOf(error)));
    const closed = () => {
      this.#break("the TCP connection has closed");
      this.#cancelDeadline();
      resolve();
    };
    socket.on("close", closed);
    // The event may be over. The caller gets this link before `closed` runs.
    if (socket.destroyed) queueMicrotask(closed);
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** Whether there is room to send. If not, `drained` follows. */
  get hasRoom(): boolean {
    return this.#state === "open" && !this.#socket.writableNeedDrain;
  }

  /** Sends, whether there is room or not. Does nothing after the link's end. */
  send(capsule: Capsule): void {
    if (this.#state !== "open") return;
    this.#socket.write(encode(capsule));
    if (this.#socket.writableLength > MAX_UNREAD) this.#break("the peer does not read");
  }

  /** Sends what waits, hangs up, and waits for the peer to hang up. */
  finish(): void {
    if (this.#state !== "open") return;
    this.leave();
    this.#socket.end();
  }

  /** Sends and takes nothing more, and leaves it to the peer to hang up. */
  leave(): void {
    if (this.#state !== "open") return;
    this.#state = "left";
    this.#cancelDeadline = this.#clock.after(LINGER, () => this.destroy());
  }

  destroy(): void {
    this.#state = "gone";
    this.#socket.destroy();
  }

  #receive(bytes: Uint8Array): void {
    // Streams hand chunks on as plain arrays, not as Node's Buffer.
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
