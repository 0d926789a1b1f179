/**
 * A client of TLS over TCP that shares no code with the engine: it writes the bytes that a test gives
 * it, well-formed or not, and keeps what comes.
 */
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { Changes } from "./changes.ts";
import { fromHex, toHex } from "./hex.ts";

/** Every type of capsule, as docs/protocol.md numbers them. */
export const CAPSULE = {
  open: "010000",
  ping: "090000",
  pong: "0a0000",
  fin: "060000",
  attach: (secret: string, stream: number) => `030014${secret}${uint32(stream)}`,
  credit: (bytes: number) => `070004${uint32(bytes)}`,
  reset: (stream: number, code: number) => `080008${uint32(stream)}${uint32(code)}`,
  data: (bytes: Uint8Array) => `05${uint16(bytes.length)}${toHex(bytes)}`,
} as const;

export class TlsStranger implements Disposable {
  /** Settles when the connection is closed, however it comes to that. */
  readonly closed: Promise<void>;
  readonly socket: TLSSocket;
  readonly #chunks: Uint8Array[] = [];
  readonly #changes = new Changes();

  /** Throws where TLS fails. */
  static async dial(port: number, options: ConnectionOptions = {}): Promise<TlsStranger> {
    const socket = connect({
      ...{ host: "127.0.0.1", port, servername: "localhost", rejectUnauthorized: false },
      ...{ ALPNProtocols: ["sotto/1"], minVersion: "TLSv1.3" },
      ...options,
    });
    await once(socket, "secureConnect");
    return new TlsStranger(socket);
  }

  private constructor(socket: TLSSocket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
    socket.on("data", (bytes) => {
      this.#chunks.push(bytes);
      this.#changes.notify();
    });
    socket.on("error", () => socket.destroy());
    socket.on("end", () => socket.destroy());
  }

  write(...capsules: readonly string[]): void {
    this.socket.write(fromHex(capsules.join("")));
  }

  /** Everything that has come, in hex. */
  get received(): string {
    return this.#chunks.map(toHex).join("");
  }

  /** How many whole capsules of a type have come. */
  count(type: number): number {
    const all = Buffer.concat(this.#chunks);
    let count = 0;
    for (let at = 0; at + 3 <= all.length; at += 3 + all.readUInt16BE(at + 1)) {
      if (all[at] === type) count++;
    }
    return count;
  }

  /** Waits until something has come that the pattern fits, and returns what its group holds. */
  find(pattern: RegExp): Promise<string> {
    return this.#changes.find(() => {
      const found = pattern.exec(this.received);
      return found?.[1] ?? found?.[0];
    }, `bytes that match ${pattern}`);
  }

  /** Opens a connection; returns the secret. */
  open(): Promise<string> {
    this.write(CAPSULE.open);
    return this.find(/^020014([0-9a-f]{32})/);
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

function uint16(number: number): string {
  return number.toString(16).padStart(4, "0");
}

function uint32(number: number): string {
  return number.toString(16).padStart(8, "0");
}
