/** One server, measured over QUIC and over TLS, one after the other. */
import { randomBytes } from "node:crypto";
import { clientEngine } from "../../client/platform/engine.ts";
import { type Amount, type Figures, measure } from "./measure.ts";
import type { Served } from "./serve.ts";

export interface BothWays {
  readonly quic: Figures;
  readonly tls: Figures;
}

/** How many spans one way takes, the rest included. */
const SPANS = 10;
const MOST_HANDSHAKES = 20;

/** What takes about so many seconds, both ways together. */
export function amountFor(seconds: number): Amount {
  const span = seconds * 1000 / 2 / SPANS;
  return { span, handshakes: Math.min(MOST_HANDSHAKES, Math.ceil(seconds)) };
}

export async function measureBothWays(served: Served, amount: Amount): Promise<BothWays> {
  const { host, pin, quicPort, tlsPort } = served;
  const password = randomBytes(16).toString("hex");
  const tell = () => {}; // Nothing is asked for that there is not.
  const over = async (name: "quic" | "tls", port: number) => {
    const engine = await clientEngine(name, tell);
    return await measure({ engine, host, port, pin }, { user: `by-${name}`, password }, amount);
  };
  return { quic: await over("quic", quicPort), tls: await over("tls", tlsPort) };
}
