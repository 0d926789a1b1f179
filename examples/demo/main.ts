/**
 * `sotto demo`: a server and three people on loopback, who use every kind of message and check what
 * they see. What it prints is what really happened; if anything did not, it says what and fails.
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
import { DemoError, Person, type Server } from "./person.ts";
import * as scenes from "./scenes.ts";

const HOST = "127.0.0.1";

/** Plays it all. Resolves with the exit code; prints line by line. `dialling`: the people's engine. */
export async function runDemo(print: (line: string) => void, dialling?: Engine): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "sotto-demo-"));
  try {
    const checks = await play(folder, print, dialling ?? await clientEngine("quic", print));
    print("");
    print(`All of it happened: ${checks} things were to be seen, and were.`);
    return EXIT.done;
  } catch (error) {
    if (!(error instanceof DemoError)) throw error;
    print("");
    print(`It did not all happen. ${error.message}`);
    return EXIT.failed;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Returns how many things were seen. */
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
  const come = (name: string) =>
    stack.use(new Person(name, { server, engine, home: join(folder, name), say: print }));
  const scene = (title: string) => print(`\n# ${title}`);

  print(`The server listens on quic://${HOST}:${server.port} (${running.engine}).`);
  print(`Its pin is ${server.pin}.`);

  scene("Two people sign up");
  const ann = come("ann");
  await ann.sees("authenticated", { user: "ann", created: true }, () => "signed in, new here");
  const bob = come("bob");
  await bob.sees("authenticated", { user: "bob", created: true }, () => "signed in, new here");
  await ann.sees("presence", { user: "bob", status: "normal" }, ({ user }) => `${user} is here`);

  scene("To everyone");
  const said = await scenes.toEveryone({ ann, bob });
  scene("To one");
  await scenes.toOne({ ann, bob });
  scene("To somebody who is not there");
  const { visits, said: meanwhile } = await scenes.toSomebodyAway({ ann, bob }, () => come("cat"));
  const [firstVisit, cat] = visits;
  said.push(...meanwhile);
  const cast: scenes.Cast = { ann, bob, cat };
  scene("In secret");
  await scenes.inSecret(cast, data);
  print("The server's files hold the message to everyone, but neither the secret nor its key.");
  scene("To several, by name and by number");
  said.push(...await scenes.toSeveral(cast));
  scene("In a room");
  await scenes.inARoom(cast);
  scene("In a group");
  await scenes.inAGroup(cast);
  scene("Do not disturb, and away");
  await scenes.doNotDisturb(cast);
  scene("A file, through a break");
  await scenes.aFile(cast, print);
  scene("The connection drops, and comes back");
  said.push(...await scenes.aDroppedConnection(cast, print));

  scene("Everyone leaves");
  const people = [ann, bob, cat];
  for (const person of people) await person.leaves();
  for (const text of said) checkOnce(people, text);
  return [...people, firstVisit].reduce((sum, { checks }) => sum + checks, 0);
}

/** Nobody may have seen a line twice. */
function checkOnce(people: readonly Person[], text: string): void {
  for (const person of people) {
    if (person.timesHeard(text) > 1) throw new DemoError(`${person.name} saw twice: ${text}`);
  }
}
