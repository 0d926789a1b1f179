/** `sotto discover`: lists the servers of the local network, as text or as JSON. */
import process from "node:process";
import { browse, type BrowseDependencies } from "../protocol/discovery/browse.ts";
import type { FoundServer } from "../protocol/discovery/catalogue.ts";
import { addressOf, describeServer } from "../protocol/discovery/describe.ts";
import { DiscoveryError } from "../protocol/discovery/interfaces.ts";
import { EXIT } from "../protocol/exit_codes.ts";
import { safeJson } from "../protocol/safe_text.ts";

interface DiscoverOptions {
  readonly seconds: number | undefined;
  readonly json: boolean | undefined;
}

interface DiscoverOutput {
  /** Prints a line of the result. */
  readonly print: (line: string) => void;
  readonly reportError: (line: string) => void;
}

const DEFAULT_SECONDS = 3;
const ADVICE = "If you know the address: sotto client [USER@]HOST[:PORT].";

/** Lists the servers that answer in time. The first Ctrl-C ends the wait. Returns the exit code. */
export async function discover(
  { seconds = DEFAULT_SECONDS, json = false }: DiscoverOptions,
  { print, reportError }: DiscoverOutput,
  deps: Partial<BrowseDependencies> = {},
): Promise<number> {
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once("SIGINT", interrupt);
  try {
    const servers = await browse({ seconds, signal: stop.signal }, deps);
    for (const server of servers) print(json ? toJson(server) : toText(server));
    if (servers.length > 0) return EXIT.done;
    reportError(`No server answered on the local network. ${ADVICE}`);
    return EXIT.no_connection;
  } catch (failure) {
    if (!(failure instanceof DiscoveryError)) throw failure;
    reportError(`Cannot look for servers: ${failure.message}. ${ADVICE}`);
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

/** Documented in docs/cli.md. Unknown fields are left out. */
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
