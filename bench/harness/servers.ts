/** The servers that are compared, and how one of them is started with its clients. */
import type { LoadCommands, Where } from "../load/main.ts";
import type { ServerReady } from "../servers/plain.ts";
import type { SottoReady } from "../servers/sotto.ts";
import { Child } from "./child.ts";

export type ServerName = "floor" | "builtin" | "quiche" | "sotto-builtin" | "sotto-quiche";

export interface ServerKind {
  readonly name: ServerName;
  readonly title: string;
  readonly protocol: Where["protocol"];
  readonly script: string;
  readonly engine: string;
}

/** In the order in which each round measures them. */
export const SERVERS: readonly ServerKind[] = [
  kind("floor", "floor", "floor", ""),
  kind("builtin", "builtin, bare", "bare", "builtin"),
  kind("quiche", "quiche, bare", "bare", "quiche"),
  kind("sotto-builtin", "Sotto on builtin", "sotto", "builtin"),
  kind("sotto-quiche", "Sotto on quiche", "sotto", "quiche"),
];

/**
 * The engine of the load, for every server: the one of the two that takes less CPU for each delivery,
 * so that the load disturbs less.
 */
const LOAD_ENGINE = "builtin";

/** A server and a load, each in its own process. */
export interface Setup extends AsyncDisposable {
  readonly server: Child<ServerReady>;
  readonly load: Child<unknown, LoadCommands>;
  readonly where: Where;
  /** Connects this many more clients, and signs them in where the server has accounts. */
  connect(
    count: number,
    options?: { readonly idle: boolean },
  ): Promise<{ readonly seconds: number }>;
}

/** Starts a server with this many accounts, and a load without connections. */
export async function setUp(kind: ServerKind, accounts: number): Promise<Setup> {
  await using parts = new AsyncDisposableStack();
  const args = [kind.engine, String(accounts)];
  const server = parts.use(
    await Child.start<ServerReady>(scriptOf(`servers/${kind.script}`), args),
  );
  const load = parts.use(await startLoad());
  const ready = await server.ready();
  const where = { port: ready.port, hash: ready.hash, protocol: kind.protocol };
  const tokens = kind.protocol === "sotto" ? [...(ready as SottoReady).tokens] : [];
  const held = parts.move();
  return {
    server,
    load,
    where,
    connect: (count, { idle } = { idle: false }) => {
      const credentials = tokens.splice(0, count).map((token) => ({ token }));
      return load.call("connect", { where, count, credentials, idle });
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** Another load, for clients that must not delay the others, or with another transport. */
export function startLoad(engine = LOAD_ENGINE): Promise<Child<unknown, LoadCommands>> {
  return Child.start(scriptOf("load/main"), [engine]);
}

function kind(
  name: ServerName,
  title: string,
  script: string,
  engine: string,
): ServerKind {
  return { name, title, script, engine, protocol: script === "sotto" ? "sotto" : "plain" };
}

/** A script of the bench. */
export function scriptOf(name: string): URL {
  return new URL(`../${name}.ts`, import.meta.url);
}

export function delay(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
