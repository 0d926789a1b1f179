/** What the people of the demo do, scene by scene, and what each of them must see. */
import { randomBytes } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GENERAL } from "../../protocol/names.ts";
import { DemoError, type Person } from "./person.ts";

/** Who plays, and where. */
export interface Cast {
  readonly ann: Person;
  readonly bob: Person;
  readonly cat: Person;
}

const KEY = "tea-at-nine";
const SECRET = "The spare key is under the third flowerpot.";
const HELLO = "Good morning, everyone.";
/** Large enough for a cable to be pulled while it crosses. */
const FILE_SIZE = 64 * 1024 * 1024;
const FILE = "photos.zip";

/** Returns what nobody may have seen twice; so do those below that say something to everyone. */
export async function toEveryone({ ann, bob }: Pick<Cast, "ann" | "bob">): Promise<string[]> {
  ann.types(HELLO);
  await ann.sees("ack", { conversation: GENERAL, seq: 1 });
  await bob.sees("message", { from: "ann", text: HELLO }, received);
  return [HELLO];
}

export async function toOne({ ann, bob }: Pick<Cast, "ann" | "bob">): Promise<void> {
  const text = "Is the surprise for Cat ready?";
  bob.types(`@ann ${text}`);
  await ann.sees("message", { conversation: "dm:ann:bob", text }, received);
}

/** Cat comes for the first time, leaves, and comes again: as two persons, one after the other. */
export async function toSomebodyAway(
  { ann, bob }: Pick<Cast, "ann" | "bob">,
  visit: () => Person,
): Promise<{ readonly visits: readonly [Person, Person]; readonly said: string[] }> {
  const first = visit();
  await first.sees("authenticated", { created: true }, () => "signed in, new here");
  await ann.sees("presence", { user: "cat", status: "normal" });
  await first.leaves();
  await ann.sees("presence", { user: "cat", status: "offline" }, ({ user }) => `${user} has left`);
  const privately = "Cat, the meeting is at three.";
  ann.types(`@cat ${privately}`);
  await ann.sees("notice", { code: "offline" }, ({ text }) => text);
  const openly = "The meeting has moved to three.";
  ann.types(openly);
  await ann.sees("ack", { conversation: GENERAL, seq: 2 });
  await bob.sees("message", { text: openly }, received);
  const cat = visit();
  await cat.sees("authenticated", { user: "cat", created: false }, () => "signed in again");
  await cat.sees("message", { conversation: "dm:ann:cat", text: privately }, received);
  await cat.sees("message", { conversation: GENERAL, text: openly }, received);
  return { visits: [first, cat], said: [openly] };
}

export async function inSecret({ ann, bob }: Cast, data: string): Promise<void> {
  ann.types(`@secret bob ${KEY} ${SECRET}`);
  const { number } = await bob.sees("sealed", { from: "ann" }, ({ from, number }) => {
    return `${from} sent something sealed: /open ${number}`;
  });
  bob.types(`/open ${number} tea-at-ten`);
  await bob.sees("error", { code: "wrong_passphrase" }, ({ message }) => message);
  bob.types(`/open ${number} ${KEY}`);
  await bob.sees("opened", { from: "ann", text: SECRET }, ({ text }) => `opened: ${text}`);
  await checkFiles(data);
}

export async function toSeveral({ ann, bob, cat }: Cast): Promise<string[]> {
  const named = "Cake at four?";
  ann.types(`@bob,cat,zoe ${named}`);
  await ann.sees("error", { code: "unknown_user" }, ({ message }) => message);
  await bob.sees("message", { conversation: "dm:ann:bob", text: named }, received);
  await cat.sees("message", { conversation: "dm:ann:cat", text: named }, received);
  cat.types("@names");
  await cat.sees("users", {}, ({ users }) => {
    return users.map(({ number, name }) => `${number} ${name}`).join(", ");
  });
  const numbered = "Make it half past.";
  cat.types(`1,2: ${numbered}`);
  await ann.sees("message", { conversation: "dm:ann:cat", text: numbered }, received);
  await bob.sees("message", { conversation: "dm:bob:cat", text: numbered }, received);
  const all = "Cake in the kitchen at half past four!";
  bob.types(`0: ${all}`);
  await ann.sees("message", { conversation: GENERAL, text: all }, received);
  await cat.sees("message", { conversation: GENERAL, text: all }, received);
  return [all];
}

export async function inARoom({ ann, bob, cat }: Cast): Promise<void> {
  ann.types("/create kitchen Cakes, and who bakes them");
  await ann.sees("room", { conversation: "room:kitchen" });
  bob.types("/join kitchen");
  await ann.sees(
    "changed",
    { change: "joined", by: "bob" },
    ({ by }) => `${by} is in the room now`,
  );
  const text = "Only the two of us hear this.";
  ann.types(text);
  await bob.sees("message", { conversation: "room:kitchen", text }, received);
  ann.types("/join general");
  bob.types("/join general");
  await bob.sees("room", { conversation: GENERAL });
  if (cat.timesHeard(text) > 0) {
    throw new DemoError("Cat heard what was said in a room without her.");
  }
}

export async function inAGroup({ ann, bob, cat }: Cast): Promise<void> {
  cat.types("@group set bakers ann");
  await ann.sees("changed", { change: "created", by: "cat" }, ({ by }) => `${by} made a group`);
  const text = "Bob must not know.";
  cat.types(`@group send bakers ${text}`);
  await ann.sees("message", { conversation: "group:bakers", text }, received);
  cat.types("@group delete bakers");
  await ann.sees(
    "changed",
    { change: "deleted", by: "cat" },
    ({ by }) => `${by} deleted the group`,
  );
  if (bob.timesHeard(text) > 0) throw new DemoError("Bob heard what a group said without him.");
}

export async function doNotDisturb({ ann, bob, cat }: Cast): Promise<void> {
  cat.types("@status dnd");
  await bob.sees("presence", { user: "cat", status: "dnd" }, ({ user }) => `${user}: dnd`);
  const quiet = "Psst, when is the party?";
  bob.types(`@cat ${quiet}`);
  await bob.sees("notice", { code: "dnd" }, ({ text }) => text);
  if (cat.timesHeard(quiet) > 0) throw new DemoError("Cat was disturbed.");
  cat.types("@status away");
  await cat.sees("message", { conversation: "dm:bob:cat", text: quiet }, received);
  const later = "Are you at your desk?";
  await ann.sees("presence", { user: "cat", status: "away" }, ({ user }) => `${user}: away`);
  ann.types(`@cat ${later}`);
  await ann.sees("notice", { code: "away" }, ({ text }) => text);
  await cat.sees("message", { conversation: "dm:ann:cat", text: later }, received);
  cat.types("@status normal");
  await ann.sees("presence", { user: "cat", status: "normal" });
}

/** The cable of whoever sends is pulled in the middle; the rest follows, and no byte goes twice. */
export async function aFile({ ann, bob }: Cast, say: (line: string) => void): Promise<void> {
  const bytes = randomBytes(FILE_SIZE);
  await writeFile(join(ann.home, FILE), bytes);
  ann.types(`/send bob ~/${FILE}`);
  const size = FILE_SIZE;
  await ann.seesWhere("progress", "half of a file", ({ transferred }) => {
    return transferred > 0 && transferred < size;
  }, () => `${FILE} is on its way`);
  ann.cable.pull();
  say("Ann's cable is pulled in the middle of it.");
  await bob.sees("presence", { user: "ann", status: "offline" }, ({ user }) => `${user} has left`);
  const before = ann.events;
  say("Ann's cable is back in.");
  ann.cable.plugIn();
  await ann.sees("file", { direction: "up", name: FILE, size }, () => `${FILE} is across`);
  const [first] = ann.eventsSince(before, "progress");
  if (first === undefined || first.transferred === 0) {
    throw new DemoError("The file began anew instead of going on.");
  }
  const { number } = await bob.sees("offer", { from: "ann", name: FILE, size }, (offer) => {
    return `${offer.from} offers ${offer.name} (${
      offer.size / 2 ** 20
    } MiB): /accept ${offer.number}`;
  });
  bob.types(`/accept ${number}`);
  const { path = "" } = await bob.sees("file", { direction: "down", name: FILE, size });
  if (!bytes.equals(await readFile(path))) throw new DemoError("Another file came than was sent.");
  say("It is among Bob's downloads, each byte as it was sent.");
}

export async function aDroppedConnection(
  { ann, bob, cat }: Cast,
  say: (line: string) => void,
): Promise<string[]> {
  bob.cable.pull();
  say("Bob's cable is pulled.");
  await ann.sees("presence", { user: "bob", status: "offline" }, ({ user }) => `${user} has left`);
  const missed = ["Bob?", "I think his train is in the tunnel."];
  for (const line of missed) ann.types(line);
  await cat.sees("message", { text: missed[1] ?? "" }, received);
  const queued = "Still here! (typed in the tunnel)";
  bob.types(queued);
  say("Bob's cable is back in.");
  bob.cable.plugIn();
  await bob.sees("connected", { resumed: true }, () => "connected again, with no password");
  if (bob.passwords !== 1) throw new DemoError("Bob had to give his password again.");
  for (const line of missed) await bob.sees("message", { from: "ann", text: line }, received);
  await bob.sees("ack", { conversation: GENERAL, seq: 6 });
  await ann.sees("message", { from: "bob", text: queued }, received);
  await cat.sees("message", { from: "bob", text: queued }, received);
  return [...missed, queued];
}

function received({ from, conversation, text }: {
  readonly from: string;
  readonly conversation: string;
  readonly text: string;
}): string {
  const [type, name] = conversation.split(":");
  const where = type === "dm" ? " (privately)" : conversation === GENERAL ? "" : ` (in ${name})`;
  return `${from}${where}: ${text}`;
}

/** The secret must be in none of the server's files; a message to everyone must be. */
async function checkFiles(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = await Promise.all(
    entries.filter((entry) => entry.isFile())
      .map((entry) => readFile(join(entry.parentPath, entry.name), "latin1")),
  );
  const has = (text: string) => files.some((file) => file.includes(text));
  if (!has(HELLO)) throw new DemoError("The server's files hold no messages.");
  if (has(SECRET) || has(KEY)) throw new DemoError("The server's files hold the secret.");
}
