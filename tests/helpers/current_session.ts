/** A session that is signed in, for parts of a client, with a server that the test plays. */
import { SessionConnection } from "../../client/session/session_connection.ts";
import { CurrentSession } from "../../client/session/signed_in_session.ts";
import { FakeClock } from "./fake_clock.ts";
import { MemoryEngine } from "./memory_engine.ts";
import { ScriptedServer, type ScriptedSession } from "./scripted_server.ts";

interface TestSession {
  /** Ann's. */
  readonly session: CurrentSession;
  /** The server's end. */
  readonly server: ScriptedSession;
}

/** Signs in as ann. */
export async function signInAsAnn(): Promise<TestSession> {
  const scripted = new ScriptedServer();
  const dialled = await scripted.engine.dial({
    ...{ hostname: "memory", port: 1, alpn: [], verify: () => true },
  });
  const clock = new FakeClock();
  const connection = await SessionConnection.open({ connection: dialled, client: "test", clock });
  const reading = (async () => {
    for await (const output of connection.frames()) {
      if (output.type !== "frame" || output.frame.type !== "welcome") continue;
      void connection.request({ type: "login", user: "ann", password: "secret" });
    }
  })();
  void reading;
  const server = await scripted.session();
  await server.signIn("login", "ann");
  const { pin } = MemoryEngine;
  const signedIn = { connection, account: "ann", server: { host: "memory", port: 1, pin } };
  return { session: new CurrentSession(signedIn), server };
}
