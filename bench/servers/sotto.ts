/**
 * Sotto's whole server, as `sotto server` starts it, with a database in a temporary folder.
 * Arguments: the engine, the number of accounts to make before it starts, and `limited` for the rate
 * limits of a real server.
 *
 * Without that it has no rate limits for one peer: few clients of the load send what many would send.
 * With `tls` for an engine, the port that it reports is that of TLS.
 */
import { join } from "node:path";
import { writeHeapSnapshot } from "node:v8";
import { parsePin } from "../../certs/fingerprint.ts";
import { readConfig } from "../../server/config.ts";
import { startServer } from "../../server/main.ts";
import { startPasswords } from "../../server/services/passwords.ts";
import { openTokens } from "../../server/token_key.ts";
import { openSqliteStore } from "../../server/store/sqlite.ts";
import { type Basics, serveCommands } from "../harness/commands.ts";
import { readyOf, type ServerReady } from "./plain.ts";

export interface SottoReady extends ServerReady {
  /** One for each account, to resume with. */
  readonly tokens: readonly string[];
}

/** The password of every account. The name of the first is `user1`. */
export const PASSWORD = "correct horse battery staple";
const PACE = { rate: 1e6, burst: 1e6 };
const UNLIMITED = { sends: PACE, requests: PACE, logins: PACE, failures: PACE };

const commands = {
  /** Writes what lives in its heap to a file (`heap_census.ts`). */
  snapshot({ path }: { path: string }): void {
    writeHeapSnapshot(path);
  },
};

export type SottoCommands = typeof commands & Basics;

async function makeAccounts(data: string, count: number): Promise<string[]> {
  await using store = openSqliteStore(join(data, "sotto.db"));
  await using passwords = startPasswords();
  const tokens = await openTokens(data, { issuer: "sotto" });
  const gone = new AbortController().signal;
  const request = { address: "127.0.0.1", gone, since: performance.now(), admit: () => true };
  const passwordHash = await passwords.hash(PASSWORD, request);
  const now = Date.now();
  return await Array.fromAsync({ length: count }, async (_, at) => {
    const account = `user${at + 1}`;
    await store.accounts.create(account, passwordHash, now);
    const { token, loginId: id, expiresAt } = await tokens.issue(account, now);
    await store.logins.create({ id, account, createdAt: now, expiresAt });
    return token;
  });
}

if (import.meta.main) {
  const [engine = "builtin", accounts = "0", limited] = Deno.args;
  const data = await Deno.makeTempDir({ prefix: "sotto-bench-" });
  const tokens = await makeAccounts(data, Number(accounts));
  const config = readConfig({
    host: "127.0.0.1",
    port: 0,
    data,
    ...(engine === "tls" ? { tlsPort: 0 } : { engine }),
    logLevel: "error",
    limits: limited === undefined ? UNLIMITED : {},
  });
  const server = await startServer(config);
  const hash = parsePin(server.pin);
  if (hash === undefined) throw new Error("The server's pin is no pin");
  const port = server.tlsPort ?? server.address.port;
  const ready: SottoReady = { ...readyOf(port, hash), tokens };
  await serveCommands(ready, commands, async () => {
    await server.stop();
    await Deno.remove(data, { recursive: true });
  });
}
