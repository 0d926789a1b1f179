/**
 * `sotto demo`: a server and three people on loopback, who use every kind of message and check what
 * they see. What it prints is what really happened; if anything did not, it says what and fails.
 */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clientEngine } from "../client/engine.ts";
import { readConfig } from "../server/config.ts";
import { SILENT } from "../server/log.ts";
import { startServer } from "../server/main.ts";
import type { Engine } from "../protocol/transport/transport.ts";
import { DemoError, Person, type Server } from "./person.ts";

const HOST = "127.0.0.1";
const KEY = "tea-at-nine";
const SECRET = "The spare key is under the third flowerpot.";

/** Plays it all. Resolves with the exit code; prints line by line. `dialling`: the people's engine. */
export async function runDemo(print: (line: string) => void, dialling?: Engine): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "sotto-demo-"));
  try {
    const checks = await play(folder, print, dialling ?? await clientEngine("quic", print));
    print("");
    print(`All of it happened: ${checks} things were to be seen, and were.`);
    return 0;
  } catch (error) {
    if (!(error instanceof DemoError)) throw error;
    print("");
    print(`It did not all happen. ${error.message}`);
    return 1;
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function play(
  folder: string,
  print: (line: string) => void,
  engine: Engine,
): Promise<number> {
  const config = readConfig({ host: HOST, port: 0, data: folder });
  await using running = await startServer(config, { log: SILENT });
  const server: Server = { host: HOST, port: running.address.port, pin: running.pin };
  const join = (name: string) => new Person(name, server, engine, print);
  const scene = (title: string) => print(`\n# ${title}`);

  print(`The server listens on quic://${HOST}:${server.port} (${running.engine}).`);
  print(`Its pin is ${server.pin}.`);

  scene("Two people sign up");
  await using ann = join("ann");
  await ann.sees("authenticated", { user: "ann", created: true }, () => "signed in, new here");
  await using bob = join("bob");
  await bob.sees("authenticated", { user: "bob", created: true }, () => "signed in, new here");
  await ann.sees("presence", { user: "bob", status: "normal" }, ({ user }) => `${user} is here`);

  scene("To everyone");
  const hello = "Good morning, everyone.";
  ann.types(hello);
  await ann.sees("ack", { conversation: "room:general", seq: 1 });
  await bob.sees("message", { from: "ann", text: hello }, received);

  scene("To one");
  const privately = "Is the surprise for Cat ready?";
  bob.types(`@ann ${privately}`);
  await ann.sees("message", { conversation: "dm:ann:bob", text: privately }, received);

  scene("To somebody who is not there");
  await using firstVisit = join("cat");
  await firstVisit.sees("authenticated", { created: true }, () => "signed in, new here");
  await ann.sees("presence", { user: "cat", status: "normal" });
  await firstVisit.leaves();
  await ann.sees("presence", { user: "cat", status: "offline" }, ({ user }) => `${user} has left`);
  const later = "Cat, the meeting is at three.";
  ann.types(`@cat ${later}`);
  await ann.sees("notice", { code: "offline" }, ({ text }) => text);
  const moved = "The meeting has moved to three.";
  ann.types(moved);
  await ann.sees("ack", { conversation: "room:general", seq: 2 });
  await bob.sees("message", { text: moved }, received);
  await using cat = join("cat");
  await cat.sees("authenticated", { user: "cat", created: false }, () => "signed in again");
  await cat.sees("message", { conversation: "dm:ann:cat", text: later }, received);
  await cat.sees("message", { conversation: "room:general", text: moved }, received);

  scene("In secret");
  ann.types(`@secret bob ${KEY} ${SECRET}`);
  const sealed = await bob.sees("sealed", { from: "ann" }, showSealed);
  bob.types(`/open ${sealed.number} tea-at-ten`);
  await bob.sees("error", { code: "wrong_passphrase" }, ({ message }) => message);
  bob.types(`/open ${sealed.number} ${KEY}`);
  await bob.sees("opened", { from: "ann", text: SECRET }, ({ text }) => `opened: ${text}`);
  await checkFiles(folder);
  print("The server's files hold the message to everyone, but neither the secret nor its key.");

  scene("To several, in a room, and in a group");
  const several = "Cake at four?";
  ann.types(`@bob,cat ${several}`);
  await bob.sees("message", { conversation: "dm:ann:bob", text: several }, received);
  await cat.sees("message", { conversation: "dm:ann:cat", text: several }, received);
  ann.types("/create kitchen Cakes, and who bakes them");
  await ann.sees("room", { conversation: "room:kitchen" });
  bob.types("/join kitchen");
  await ann.sees(
    "changed",
    { change: "joined", by: "bob" },
    ({ by }) => `${by} is in the room now`,
  );
  const room = "Only the two of us hear this.";
  ann.types(room);
  await bob.sees("message", { conversation: "room:kitchen", text: room }, received);
  ann.types("/join general");
  bob.types("/join general");
  cat.types("@group set bakers ann");
  await ann.sees("changed", { change: "created", by: "cat" }, ({ by }) => `${by} made a group`);
  const group = "Bob must not know.";
  cat.types(`@group send bakers ${group}`);
  await ann.sees("message", { conversation: "group:bakers", text: group }, received);
  if (bob.timesHeard(group) > 0) throw new DemoError("Bob heard what a group said without him.");

  scene("Do not disturb");
  cat.types("@status dnd");
  await bob.sees("presence", { user: "cat", status: "dnd" }, ({ user }) => `${user}: dnd`);
  const quiet = "Psst, when is the party?";
  bob.types(`@cat ${quiet}`);
  await bob.sees("notice", { code: "dnd" }, ({ text }) => text);
  if (cat.timesHeard(quiet) > 0) throw new DemoError("Cat was disturbed.");
  cat.types("@status normal");
  await cat.sees("message", { conversation: "dm:bob:cat", text: quiet }, received);

  scene("The connection drops, and comes back");
  print("Bob's cable is pulled.");
  bob.cable.pull();
  await ann.sees("presence", { user: "bob", status: "offline" }, ({ user }) => `${user} has left`);
  const missed = ["Bob?", "I think his train is in the tunnel."];
  for (const line of missed) ann.types(line);
  await cat.sees("message", { text: missed[1] ?? "" }, received);
  const queued = "Still here! (typed in the tunnel)";
  bob.types(queued);
  print("Bob's cable is back in.");
  bob.cable.plugIn();
  await bob.sees("connected", { resumed: true }, () => "connected again, with no password");
  if (bob.passwords !== 1) throw new DemoError("Bob had to give his password again.");
  for (const line of missed) await bob.sees("message", { from: "ann", text: line }, received);
  await bob.sees("ack", { conversation: "room:general", seq: 5 });
  await ann.sees("message", { from: "bob", text: queued }, received);
  await cat.sees("message", { from: "bob", text: queued }, received);

  scene("Everyone leaves");
  const people = [ann, bob, cat];
  for (const person of people) await person.leaves();
  for (const text of [hello, moved, ...missed, queued]) checkOnce(people, text);
  return [...people, firstVisit].reduce((sum, { checks }) => sum + checks, 0);
}

function received({ from, conversation, text }: {
  readonly from: string;
  readonly conversation: string;
  readonly text: string;
}): string {
  return `${from}${conversation.startsWith("dm:") ? " (privately)" : ""}: ${text}`;
}

function showSealed({ from, number }: { readonly from: string; readonly number: number }): string {
  return `${from} sent something sealed: /open ${number}`;
}

/** The secret must be in none of the server's files; a message to everyone must be. */
async function checkFiles(folder: string): Promise<void> {
  const files = await Promise.all(
    (await readdir(folder)).map((name) => readFile(join(folder, name), "latin1")),
  );
  const has = (text: string) => files.some((file) => file.includes(text));
  if (!has("Good morning, everyone.")) throw new DemoError("The server's files hold no messages.");
  if (has(SECRET) || has(KEY)) throw new DemoError("The server's files hold the secret.");
}

/** Nobody may have seen a line twice. */
function checkOnce(people: readonly Person[], text: string): void {
  for (const person of people) {
    if (person.timesHeard(text) > 1) throw new DemoError(`${person.name} saw twice: ${text}`);
  }
}
