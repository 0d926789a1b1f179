/** The server that is measured: a real one, with a database of its own. */
import { readConfig, SERVER_LIMITS } from "../../server/config.ts";
import { SILENT } from "../../server/log.ts";
import { startServer } from "../../server/main.ts";

/** Where it is to listen, and keep its things. */
export interface Settings {
  readonly host: string;
  readonly data: string;
}

/** Where it listens. */
export interface Served {
  readonly host: string;
  readonly quicPort: number;
  readonly tlsPort: number;
  readonly pin: string;
}

interface Serving {
  readonly served: Served;
  stop(): Promise<void>;
}

const UNLIMITED = { rate: Infinity, burst: Infinity };

/** As `sotto server`, but for its rates: those would be all that is measured. */
export async function serve({ host, data }: Settings): Promise<Serving> {
  const limits = { ...SERVER_LIMITS, sends: UNLIMITED, requests: UNLIMITED, lists: UNLIMITED };
  const config = readConfig({ host, port: 0, tlsPort: 0, data, limits });
  const running = await startServer(config, { log: SILENT });
  const { address, tlsPort, pin } = running;
  if (tlsPort === undefined) throw new Error("The server has no port for TLS");
  return { served: { host, quicPort: address.port, tlsPort, pin }, stop: () => running.stop() };
}
