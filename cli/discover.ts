/** `sotto discover`: the servers of the local network, for eyes or for programs. */
import process from "node:process";
import { browse, type BrowseDependencies } from "../protocol/discovery/browse.ts";
import type { FoundServer } from "../protocol/discovery/catalogue.ts";
import { addressOf, describeServer } from "../protocol/discovery/describe.ts";
import { DiscoveryError } from "../protocol/discovery/interfaces.ts";
import { EXIT } from "../protocol/exit_codes.ts";
import { safeJson } from "../protocol/safe_text.ts";

export interface DiscoverOptions {
  readonly seconds: number | undefined;
  readonly json: boolean | undefined;
}

export interface DiscoverOutput {
  /** A line of what was asked for. */
  readonly print: (line: string) => void;
  /** A line for the person alone. */
  readonly complain: (line: string) => void;
}

const DEFAULT_SECONDS = 3;
const INSTEAD = "If you know its address: sotto client [USER@]HOST[:PORT].";

/** Lists who answers in time; the first Ctrl-C lists who has answered. Returns the exit code. */
export async function discover(
  { seconds = DEFAULT_SECONDS, json = false }: DiscoverOptions,
  { print, complain }: DiscoverOutput,
  deps: Partial<BrowseDependencies> = {},
): Promise<number> {
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once("SIGINT", interrupt);
  try {
    const servers = await browse({ seconds, signal: stop.signal }, deps);
    for (const server of servers) print(json ? toJson(server) : toText(server));
    if (servers.length > 0) return EXIT.done;
    complain(`No server answered on the local network. ${INSTEAD}`);
    return EXIT.no_connection;
  } catch (failure) {
    if (!(failure instanceof DiscoveryError)) throw failure;
    complain(`Cannot look for servers: ${failure.message}. ${INSTEAD}`);
    return EXIT.failed;
  } finally {
    process.off("SIGINT", interrupt);
  }
}

function toText(server: FoundServer): string {
  return [
    describeServer(server),
    `  sotto client ${addressOf(server)}`,
    ...(server.pin === undefined ? [] : [`  pin ${server.pin} (announced, not proven)`]),
  ].join("\n");
}

/** One object a line, documented in docs/cli.md. What a server does not say is left out. */
function toJson(server: FoundServer): string {
  const { name, addresses, port, pin, tlsPort, alpn, people, rooms, moreRooms } = server;
  return safeJson({
    name,
    host: addresses[0],
    port,
    addresses,
    pin,
    tls_port: tlsPort,
    alpn,
    people,
    rooms,
    more_rooms: moreRooms,
  });
}
