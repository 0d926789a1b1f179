/**
 * `sotto demo`: a server and three clients on loopback, which use every kind of message and check
 * what they receive. It prints what happened. When a check fails, it says which, and fails.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clientEngine } from "../../client/platform/engine.ts";
import { EXIT } from "../../protocol/exit_codes.ts";
import type { Engine } from "../../protocol/transport/transport.ts";
import { readConfig } from "../../server/config.ts";
import { SILENT } from "../../server/log.ts";
import { startServer } from "../../server/main.ts";
import { DemoError, DemoUser, type Server } from "./demo_user.ts";
import * as scenes from "./scenes.ts";

const HOST = "127.0.0.1";

/** Plays all scenes. Resolves with the exit code. `dialling`: the engine of the clients. */
export async function runDemo(print: (line: string) => void, dialling?: Engine): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "sotto-demo-"));
  try {
    const checks = await play(folder, print, dialling ?? await clientEngine("quic", print));
    print("");
    print(`Done. All ${checks} checks passed.`);
    return EXIT.done;
  } catch (error) {
    if (!(error instanceof DemoError)) throw error;
    print("");
    print(`The demo failed. ${error.message}`);
    return EXIT.failed;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Returns the number of checks. */
async function play(
  folder: string,
  print: (line: string) => void,
  engine: Engine,
): Promise<number> {
  const data = join(folder, "server");
  const config = readConfig({ host: HOST, port: 0, data });
  await using stack = new AsyncDisposableStack();
  const running = stack.use(await startServer(config, { log: SILENT }));
  const server: Server = { host: HOST, port: running.address.port, pin: running.pin };
  for (const name of ["ann", "bob", "cat"]) await mkdir(join(folder, name));
  const connect = (name: string) =>
    stack.use(new DemoUser(name, { server, engine, home: join(folder, name), print }));
  const scene = (title: string) => print(`\n# ${title}`);

  print(`The server listens on quic://${HOST}:${server.port} (${running.engine}).`);
  print(`Its pin is ${server.pin}.`);

  scene("Two people sign up");
  const ann = connect("ann");
  await ann.expect("authenticated", { user: "ann", created: true }, () => "signed in, new here");
  const bob = connect("bob");
  await bob.expect("authenticated", { user: "bob", created: true }, () => "signed in, new here");
  await ann.expect("presence", { user: "bob", status: "normal" }, ({ user }) => `${user} is here`);

  scene("To everyone");
  const sent = await scenes.toEveryone({ ann, bob });
  scene("To one user");
  await scenes.toOneUser({ ann, bob });
  scene("To a user who is offline");
  const { visits, sent: meanwhile } = await scenes.toOfflineUser(
    { ann, bob },
    () => connect("cat"),
  );
  const [firstVisit, cat] = visits;
  sent.push(...meanwhile);
  const all: scenes.Users = { ann, bob, cat };
  scene("A secret message");
  await scenes.secretMessage(all, data);
  print("The server's files hold the message to everyone, but neither the secret nor its key.");
  scene("To several users, by name and by number");
  sent.push(...await scenes.toSeveral(all));
  scene("In a room");
  await scenes.inARoom(all);
  scene("In a group");
  await scenes.inAGroup(all);
  scene("Do not disturb, and away");
  await scenes.doNotDisturb(all);
  scene("A file, with a break in the middle");
  await scenes.fileTransfer(all, print);
  scene("The connection drops and comes back");
  sent.push(...await scenes.droppedConnection(all, print));

  scene("Everyone quits");
  const users = [ann, bob, cat];
  for (const user of users) await user.quit();
  for (const text of sent) checkOnce(users, text);
  return [...users, firstVisit].reduce((sum, { checks }) => sum + checks, 0);
}

/** No user may have received a message twice. */
function checkOnce(users: readonly DemoUser[], text: string): void {
  for (const user of users) {
    if (user.countMessages(text) > 1) throw new DemoError(`${user.name} received twice: ${text}`);
  }
}
