/** The scenes of the demo: what the users type, and what each of them must receive. */
import { randomBytes } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GENERAL } from "../../protocol/names.ts";
import { DemoError, type DemoUser } from "./demo_user.ts";

export interface Users {
  readonly ann: DemoUser;
  readonly bob: DemoUser;
  readonly cat: DemoUser;
}

const KEY = "tea-at-nine";
const SECRET = "The spare key is under the third flowerpot.";
const HELLO = "Good morning, everyone.";
/** Large enough to break the connection during the transfer. */
const FILE_SIZE = 64 * 1024 * 1024;
const FILE = "photos.zip";

/** Like the other scenes, returns the messages to everyone, which no user may receive twice. */
export async function toEveryone({ ann, bob }: Pick<Users, "ann" | "bob">): Promise<string[]> {
  ann.type(HELLO);
  await ann.expect("ack", { conversation: GENERAL, seq: 1 });
  await bob.expect("message", { from: "ann", text: HELLO }, received);
  return [HELLO];
}

export async function toOneUser({ ann, bob }: Pick<Users, "ann" | "bob">): Promise<void> {
  const text = "Is the surprise for Cat ready?";
  bob.type(`@ann ${text}`);
  await ann.expect("message", { conversation: "dm:ann:bob", text }, received);
}

/** Cat connects for the first time, quits, and connects again: two `DemoUser`s in turn. */
export async function toOfflineUser(
  { ann, bob }: Pick<Users, "ann" | "bob">,
  visit: () => DemoUser,
): Promise<{ readonly visits: readonly [DemoUser, DemoUser]; readonly sent: string[] }> {
  const first = visit();
  await first.expect("authenticated", { created: true }, () => "signed in, new here");
  await ann.expect("presence", { user: "cat", status: "normal" });
  await first.quit();
  await ann.expect(
    "presence",
    { user: "cat", status: "offline" },
    ({ user }) => `${user} has left`,
  );
  const privateText = "Cat, the meeting is at three.";
  ann.type(`@cat ${privateText}`);
  await ann.expect("notice", { code: "offline" }, ({ text }) => text);
  const publicText = "The meeting has moved to three.";
  ann.type(publicText);
  await ann.expect("ack", { conversation: GENERAL, seq: 2 });
  await bob.expect("message", { text: publicText }, received);
  const cat = visit();
  await cat.expect("authenticated", { user: "cat", created: false }, () => "signed in again");
  await cat.expect("message", { conversation: "dm:ann:cat", text: privateText }, received);
  await cat.expect("message", { conversation: GENERAL, text: publicText }, received);
  return { visits: [first, cat], sent: [publicText] };
}

export async function secretMessage({ ann, bob }: Users, data: string): Promise<void> {
  ann.type(`@secret bob ${KEY} ${SECRET}`);
  const { number } = await bob.expect("sealed", { from: "ann" }, ({ from, number }) => {
    return `${from} sent something sealed: /open ${number}`;
  });
  bob.type(`/open ${number} tea-at-ten`);
  await bob.expect("error", { code: "wrong_passphrase" }, ({ message }) => message);
  bob.type(`/open ${number} ${KEY}`);
  await bob.expect("opened", { from: "ann", text: SECRET }, ({ text }) => `opened: ${text}`);
  await checkFiles(data);
}

export async function toSeveral({ ann, bob, cat }: Users): Promise<string[]> {
  const named = "Cake at four?";
  ann.type(`@bob,cat,zoe ${named}`);
  await ann.expect("error", { code: "unknown_user" }, ({ message }) => message);
  await bob.expect("message", { conversation: "dm:ann:bob", text: named }, received);
  await cat.expect("message", { conversation: "dm:ann:cat", text: named }, received);
  cat.type("@names");
  await cat.expect("users", {}, ({ users }) => {
    return users.map(({ number, name }) => `${number} ${name}`).join(", ");
  });
  const numbered = "Make it half past.";
  cat.type(`1,2: ${numbered}`);
  await ann.expect("message", { conversation: "dm:ann:cat", text: numbered }, received);
  await bob.expect("message", { conversation: "dm:bob:cat", text: numbered }, received);
  const all = "Cake in the kitchen at half past four!";
  bob.type(`0: ${all}`);
  await ann.expect("message", { conversation: GENERAL, text: all }, received);
  await cat.expect("message", { conversation: GENERAL, text: all }, received);
  return [all];
}

export async function inARoom({ ann, bob, cat }: Users): Promise<void> {
  ann.type("/create kitchen Cakes, and who bakes them");
  await ann.expect("room", { conversation: "room:kitchen" });
  bob.type("/join kitchen");
  await ann.expect(
    "changed",
    { change: "joined", by: "bob" },
    ({ by }) => `${by} is in the room now`,
  );
  const text = "Only the two of us hear this.";
  ann.type(text);
  await bob.expect("message", { conversation: "room:kitchen", text }, received);
  ann.type("/join general");
  bob.type("/join general");
  await bob.expect("room", { conversation: GENERAL });
  if (cat.countMessages(text) > 0) {
    throw new DemoError("Cat received a message of a room that she is not in.");
  }
}

export async function inAGroup({ ann, bob, cat }: Users): Promise<void> {
  cat.type("@group set bakers ann");
  await ann.expect("changed", { change: "created", by: "cat" }, ({ by }) => `${by} made a group`);
  const text = "Bob must not know.";
  cat.type(`@group send bakers ${text}`);
  await ann.expect("message", { conversation: "group:bakers", text }, received);
  cat.type("@group delete bakers");
  await ann.expect(
    "changed",
    { change: "deleted", by: "cat" },
    ({ by }) => `${by} deleted the group`,
  );
  if (bob.countMessages(text) > 0) {
    throw new DemoError("Bob received a message of a group that he is not in.");
  }
}

export async function doNotDisturb({ ann, bob, cat }: Users): Promise<void> {
  cat.type("@status dnd");
  await bob.expect("presence", { user: "cat", status: "dnd" }, ({ user }) => `${user}: dnd`);
  const quiet = "Psst, when is the party?";
  bob.type(`@cat ${quiet}`);
  await bob.expect("notice", { code: "dnd" }, ({ text }) => text);
  if (cat.countMessages(quiet) > 0) throw new DemoError("Cat received a message despite dnd.");
  cat.type("@status away");
  await cat.expect("message", { conversation: "dm:bob:cat", text: quiet }, received);
  const later = "Are you at your desk?";
  await ann.expect("presence", { user: "cat", status: "away" }, ({ user }) => `${user}: away`);
  ann.type(`@cat ${later}`);
  await ann.expect("notice", { code: "away" }, ({ text }) => text);
  await cat.expect("message", { conversation: "dm:ann:cat", text: later }, received);
  cat.type("@status normal");
  await ann.expect("presence", { user: "cat", status: "normal" });
}

/** The sender's connection breaks in the middle. The rest follows, and no byte is sent twice. */
export async function fileTransfer(
  { ann, bob }: Users,
  print: (line: string) => void,
): Promise<void> {
  const bytes = randomBytes(FILE_SIZE);
  await writeFile(join(ann.home, FILE), bytes);
  ann.type(`/send bob ~/${FILE}`);
  const size = FILE_SIZE;
  await ann.expectWhere("progress", "half of a file", ({ transferred }) => {
    return transferred > 0 && transferred < size;
  }, () => `${FILE} is on its way`);
  ann.cable.pull();
  print("Ann's cable is pulled in the middle of it.");
  await bob.expect(
    "presence",
    { user: "ann", status: "offline" },
    ({ user }) => `${user} has left`,
  );
  const before = ann.eventCount;
  print("Ann's cable is back in.");
  ann.cable.plugIn();
  await ann.expect("file", { direction: "up", name: FILE, size }, () => `${FILE} is sent`);
  const [first] = ann.eventsSince(before, "progress");
  if (first === undefined || first.transferred === 0) {
    throw new DemoError("The file started again from its beginning.");
  }
  const { number } = await bob.expect("offer", { from: "ann", name: FILE, size }, (offer) => {
    return `${offer.from} offers ${offer.name} (${
      offer.size / 2 ** 20
    } MiB): /accept ${offer.number}`;
  });
  bob.type(`/accept ${number}`);
  const { path = "" } = await bob.expect("file", { direction: "down", name: FILE, size });
  if (!bytes.equals(await readFile(path))) {
    throw new DemoError("The received file differs from the sent one.");
  }
  print("It is in Bob's downloads, unchanged.");
}

export async function droppedConnection(
  { ann, bob, cat }: Users,
  print: (line: string) => void,
): Promise<string[]> {
  bob.cable.pull();
  print("Bob's cable is pulled.");
  await ann.expect(
    "presence",
    { user: "bob", status: "offline" },
    ({ user }) => `${user} has left`,
  );
  const missed = ["Bob?", "I think his train is in the tunnel."];
  for (const line of missed) ann.type(line);
  await cat.expect("message", { text: missed[1] ?? "" }, received);
  const queued = "Still here! (typed in the tunnel)";
  bob.type(queued);
  print("Bob's cable is back in.");
  bob.cable.plugIn();
  await bob.expect("connected", { resumed: true }, () => "connected again, with no password");
  if (bob.passwordPrompts !== 1) throw new DemoError("Bob had to enter his password again.");
  for (const line of missed) await bob.expect("message", { from: "ann", text: line }, received);
  await bob.expect("ack", { conversation: GENERAL, seq: 6 });
  await ann.expect("message", { from: "bob", text: queued }, received);
  await cat.expect("message", { from: "bob", text: queued }, received);
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

/** The server's files must contain a message to everyone, and not the secret. */
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
