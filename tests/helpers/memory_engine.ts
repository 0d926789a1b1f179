/** An engine that dials in memory: for clients without ports. It listens to nothing. */
import { fingerprint } from "../../certs/fingerprint.ts";
import {
  type Connection,
  type DialOptions,
  type Engine,
  TransportError,
} from "../../protocol/transport/transport.ts";
import { MemoryConnection } from "./memory_transport.ts";

/** What every server in memory shows: as good as a certificate, since only its hash is looked at. */
const CERTIFICATE = new TextEncoder().encode("certificate");

export class MemoryEngine implements Engine {
  readonly name = "builtin";
  /** The pin of every server in memory. */
  static readonly pin = fingerprint(CERTIFICATE);
  /** While it is down, dialling fails. */
  isDown = false;
  readonly #serve: (server: MemoryConnection) => Promise<void>;
  #last: MemoryConnection | undefined;
  #dials = 0;

  /** `serve` takes the server's end of each connection. */
  constructor(serve: (server: MemoryConnection) => Promise<void>) {
    this.#serve = serve;
  }

  /** How often it was dialled. */
  get dials(): number {
    return this.#dials;
  }

  listen(): Promise<never> {
    return Promise.reject(new TransportError("unsupported", "Nothing listens in memory"));
  }

  async dial({ verify, signal }: DialOptions): Promise<Connection> {
    this.#dials += 1;
    if (signal?.aborted) throw new TransportError("aborted", "Dialling was given up");
    if (this.isDown) throw new TransportError("unreachable", "The network is down");
    if (!await verify?.(CERTIFICATE)) throw new TransportError("certificate", "It was refused");
    const { client, server } = MemoryConnection.pair();
    void this.#serve(server);
    this.#last = client;
    return client;
  }

  /** The connection that was dialled last. */
  get last(): MemoryConnection | undefined {
    return this.#last;
  }

  /** Breaks the connection that was dialled last. */
  cut(): void {
    this.#last?.lose();
  }
}
