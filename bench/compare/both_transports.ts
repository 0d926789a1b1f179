/** Measures one server over QUIC, then over TLS. */
import { randomBytes } from "node:crypto";
import { clientEngine } from "../../client/platform/engine.ts";
import { type Amount, type Figures, measure } from "./measure.ts";
import type { ServerInfo } from "./serve.ts";

export interface BothTransports {
  readonly quic: Figures;
  readonly tls: Figures;
}

/** How many times `Amount.span` the measurements of one transport take, pauses included. */
const SPANS = 10;
const MAX_HANDSHAKES = 20;

/** The amount of work that takes about so many seconds for both transports together. */
export function amountFor(seconds: number): Amount {
  const span = seconds * 1000 / 2 / SPANS;
  return { span, handshakes: Math.min(MAX_HANDSHAKES, Math.ceil(seconds)) };
}

export async function measureBothTransports(
  { host, pin, quicPort, tlsPort }: ServerInfo,
  amount: Amount,
): Promise<BothTransports> {
  const password = randomBytes(16).toString("hex");
  const notify = () => {}; // Both engines are there: there is no fallback to report.
  const over = async (name: "quic" | "tls", port: number) => {
    const engine = await clientEngine(name, notify);
    return await measure({ engine, host, port, pin }, { user: `by-${name}`, password }, amount);
  };
  return { quic: await over("quic", quicPort), tls: await over("tls", tlsPort) };
}
