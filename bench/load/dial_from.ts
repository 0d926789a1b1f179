/**
 * Dials from an address of one's own in 127.0.0.0/8, so that the server sees clients of many networks.
 * Only for Deno's QUIC, whose sockets can be given: connections of one address share one.
 */
import { type Connection, DEFAULT_LIMITS } from "../../protocol/transport/transport.ts";
import { BuiltinConnection } from "../../protocol/transport/builtin/connection.ts";

const HOST = "127.0.0.1";

/** The sockets of one address. */
export class Origin implements Disposable {
  readonly #endpoint: Deno.QuicEndpoint;

  constructor(hostname: string) {
    this.#endpoint = new Deno.QuicEndpoint({ hostname, port: 0 });
  }

  async dial(port: number, hash: Uint8Array<ArrayBuffer>, alpn: string): Promise<Connection> {
    // `connectQuic` takes WebTransport's `serverCertificateHashes`; its types do not say so.
    const options = {
      hostname: HOST,
      port,
      endpoint: this.#endpoint,
      serverName: HOST,
      alpnProtocols: [alpn],
      serverCertificateHashes: [{ algorithm: "sha-256", value: hash }],
      maxIdleTimeout: DEFAULT_LIMITS.idleTimeout,
      keepAliveInterval: DEFAULT_LIMITS.keepAlive,
    };
    return new BuiltinConnection(await Deno.connectQuic(options), "client");
  }

  [Symbol.dispose](): void {
    this.#endpoint.close();
  }
}

/** One address for each number below 65,536: those of well-behaved clients, and of flooders. */
export function originOf(kind: "polite" | "flooder", number: number): Origin {
  const network = kind === "polite" ? 1 : 2;
  return new Origin(`127.${network}.${number >> 8}.${number & 255}`);
}
