/**
 * Lets the user pick a server of the local network, for a client without an address. What the
 * network announces proves nothing: the first contact asks for trust as always.
 */
import type { FoundServer } from "../../protocol/discovery/catalogue.ts";
import { addressOf, describeServer } from "../../protocol/discovery/describe.ts";
import { DiscoveryError } from "../../protocol/discovery/interfaces.ts";
import type { Asker } from "../ui/prompts.ts";
import { ProgramError } from "./run_program.ts";
import type { Server } from "./session_options.ts";

interface PickServerOptions {
  readonly asker: Pick<Asker, "ask" | "tell">;
  readonly browse: () => Promise<readonly FoundServer[]>;
}

const ATTEMPTS = 3;
const ADVICE = "Give the address: sotto client [USER@]HOST[:PORT].";

/** Lists the servers and asks for one. Enter picks the only one. Throws `ProgramError`. */
export async function pickServer({ asker, browse }: PickServerOptions): Promise<Server> {
  asker.tell("Looking for servers on the local network …");
  const servers = await find(browse);
  let question = `Servers on the local network:\n${list(servers)}\n${questionFor(servers)}`;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const answer = (await asker.ask(question))?.trim();
    if (answer === undefined) break;
    const picked = servers.length === 1 && answer === "" ? servers[0] : servers[indexOf(answer)];
    if (picked !== undefined) {
      return { host: picked.addresses[0], port: picked.port, announced: picked.pin };
    }
    question = `Please type a number from 1 to ${servers.length}: `;
  }
  throw new ProgramError("no_connection", `No server was picked. ${ADVICE}`);
}

async function find(browse: PickServerOptions["browse"]): Promise<readonly FoundServer[]> {
  try {
    const servers = await browse();
    if (servers.length > 0) return servers;
  } catch (failure) {
    if (!(failure instanceof DiscoveryError)) throw failure;
    const message = `Cannot look for servers: ${failure.message}. ${ADVICE}`;
    throw new ProgramError("no_connection", message, { cause: failure });
  }
  throw new ProgramError("no_connection", `No server answered on the local network. ${ADVICE}`);
}

function list(servers: readonly FoundServer[]): string {
  return servers.map((server, index) =>
    `  ${index + 1}  ${describeServer(server)}\n     ${addressOf(server)}`
  ).join("\n");
}

function questionFor(servers: readonly FoundServer[]): string {
  return servers.length === 1
    ? "Press Enter to connect to it: "
    : `Which one (1 to ${servers.length})? `;
}

function indexOf(answer: string): number {
  return /^\d{1,3}$/.test(answer) ? Number(answer) - 1 : -1;
}
