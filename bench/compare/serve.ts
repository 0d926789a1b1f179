/** The server that is measured: a real one, with its own database. */
import { readConfig, SERVER_LIMITS } from "../../server/config.ts";
import { SILENT } from "../../server/log.ts";
import { startServer } from "../../server/main.ts";

export interface ServerSettings {
  readonly host: string;
  /** The data folder. */
  readonly data: string;
}

/** Where the server listens, and its pin. */
export interface ServerInfo {
  readonly host: string;
  readonly quicPort: number;
  readonly tlsPort: number;
  readonly pin: string;
}

interface Server {
  readonly info: ServerInfo;
  stop(): Promise<void>;
}

const UNLIMITED = { rate: Infinity, burst: Infinity };

/** Starts what `sotto server` starts, without its rate limits: those would be all that is measured. */
export async function serve({ host, data }: ServerSettings): Promise<Server> {
  const limits = { ...SERVER_LIMITS, sends: UNLIMITED, requests: UNLIMITED, lists: UNLIMITED };
  const config = readConfig({ host, port: 0, tlsPort: 0, data, limits });
  const running = await startServer(config, { log: SILENT });
  const { address, tlsPort, pin } = running;
  if (tlsPort === undefined) throw new Error("The server has no port for TLS");
  return { info: { host, quicPort: address.port, tlsPort, pin }, stop: () => running.stop() };
}
