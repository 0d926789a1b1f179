/**
 * Which server is meant by whoever names none: one of those on the local network, picked from a
 * list. What the network says is shown, and not believed: the first contact asks as always.
 */
import type { FoundServer } from "../../protocol/discovery/catalogue.ts";
import { addressOf, describeServer } from "../../protocol/discovery/describe.ts";
import { DiscoveryError } from "../../protocol/discovery/interfaces.ts";
import type { Input } from "../ui/input.ts";

export interface ChosenServer {
  readonly host: string;
  readonly port: number;
  /** The pin that was announced, by whomever. */
  readonly announced: string | undefined;
}

/** There is no server to connect to. The message says what to do. */
export class NoServerError extends Error {
  override readonly name = "NoServerError";
}

export interface ChooseOptions {
  readonly input: Pick<Input, "ask">;
  readonly browse: () => Promise<readonly FoundServer[]>;
}

const ATTEMPTS = 3;
const INSTEAD = "Give an address: sotto client [USER@]HOST[:PORT].";

/** Asks which one; Enter takes the only one. Throws `NoServerError`. */
export async function chooseServer({ input, browse }: ChooseOptions): Promise<ChosenServer> {
  const servers = await look(browse);
  let question = `Servers on this network:\n${list(servers)}\n${ask(servers)}`;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const answer = (await input.ask(question))?.trim();
    if (answer === undefined) break;
    const chosen = servers.length === 1 && answer === "" ? servers[0] : servers[indexOf(answer)];
    if (chosen !== undefined) {
      return { host: chosen.addresses[0], port: chosen.port, announced: chosen.pin };
    }
    question = `Please type a number from 1 to ${servers.length}: `;
  }
  throw new NoServerError(`No server was chosen. ${INSTEAD}`);
}

async function look(browse: ChooseOptions["browse"]): Promise<readonly FoundServer[]> {
  try {
    const servers = await browse();
    if (servers.length > 0) return servers;
  } catch (failure) {
    if (!(failure instanceof DiscoveryError)) throw failure;
    throw new NoServerError(`Cannot look for servers: ${failure.message}. ${INSTEAD}`);
  }
  throw new NoServerError(`No server answered on the local network. ${INSTEAD}`);
}

function list(servers: readonly FoundServer[]): string {
  return servers.map((server, index) =>
    `  ${index + 1}  ${describeServer(server)}\n     ${addressOf(server)}`
  ).join("\n");
}

function ask(servers: readonly FoundServer[]): string {
  return servers.length === 1
    ? "Which one (Enter takes it)? "
    : `Which one (1 to ${servers.length})? `;
}

function indexOf(answer: string): number {
  return /^\d{1,3}$/.test(answer) ? Number(answer) - 1 : -1;
}
