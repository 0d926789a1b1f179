/**
 * A headless client without ports, disk or real time, joined to a server of `startSocketless` in
 * memory. Both ends go by the server's clock.
 */
import { TestChat, type TestChatOptions } from "./client.ts";
import { MemoryEngine } from "./memory_engine.ts";
import { MemoryFiles } from "./memory_files.ts";
import type { startSocketless } from "./socketless.ts";

export interface SocketlessClient extends AsyncDisposable {
  readonly client: TestChat;
  /** Its network. */
  readonly engine: MemoryEngine;
  readonly files: MemoryFiles;
}

type Server = Pick<Awaited<ReturnType<typeof startSocketless>>, "clock" | "pass" | "serve">;

/** For longer than the server gathers news of who is online. */
const GATHERED = 100;

/** Signs in; the client leaves at the end of the scope. */
export async function startSocketlessClient(
  server: Server,
  user: string,
  options: Partial<TestChatOptions> = {},
): Promise<SocketlessClient> {
  const engine = new MemoryEngine(server.serve);
  const files = new MemoryFiles();
  const { clock } = server;
  const { pin } = MemoryEngine;
  const client = new TestChat({
    ...{ user, engine, pin, clock, host: "memory", port: 1, files: { store: files } },
    ...options,
  });
  await client.event("authenticated");
  await server.pass(GATHERED);
  await client.event("users");
  return { client, engine, files, [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() };
}
