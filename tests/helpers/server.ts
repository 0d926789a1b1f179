/** A whole server for a test: a free port on loopback, a folder of its own, cheap passwords. */
import { readConfig, type ServerLimits, type ServerOptions } from "../../server/config.ts";
import { makeLogger } from "../../server/log.ts";
import { type RunningServer, type StartOptions, startServer } from "../../server/main.ts";

/** Argon2 at a cost that takes no time: for tests alone. */
export const CHEAP_PASSWORDS = { cost: { m: 8, t: 1, p: 1 } };

export interface TestServerOptions extends Omit<ServerOptions, "limits"> {
  readonly limits?: Partial<ServerLimits>;
  /** What is otherwise real. */
  readonly start?: StartOptions;
}

export interface TestServer extends RunningServer {
  /** The server's folder: its own, unless `data` was given. */
  readonly data: string;
  /** The log so far, one JSON object a line. */
  readonly log: readonly string[];
}

export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { start, ...values } = options;
  const own = options.data === undefined;
  const data = options.data ?? await Deno.makeTempDir({ prefix: "sotto-server-" });
  const log: string[] = [];
  const config = readConfig({ host: "127.0.0.1", port: 0, logLevel: "debug", ...values, data });
  const running = await startServer(config, {
    passwords: CHEAP_PASSWORDS,
    log: makeLogger({ level: config.logLevel, format: "json", write: (line) => log.push(line) }),
    ...start,
  });
  return {
    ...running,
    data,
    log,
    async [Symbol.asyncDispose]() {
      await running.stop();
      if (own) await Deno.remove(data, { recursive: true });
    },
  };
}
