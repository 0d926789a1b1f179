/** Compares the numbers of `docs/security.md` with those of the code. */
import assert from "node:assert/strict";
import metadata from "../package.json" with { type: "json" };
import { MAX_CONVERSATIONS } from "../client/messages/rooms.ts";
import { LIMITS, LOGIN_ATTEMPTS, OFFENCES, TIMES } from "../protocol/limits.ts";
import { DEFAULT_LIMITS } from "../protocol/transport/transport.ts";
import { readConfig, SERVER_LIMITS } from "../server/config.ts";
import { limitOf } from "../server/dispatch.ts";
import { NETWORK_SHARE } from "../server/frame_rates.ts";
import type { Rate } from "../server/rate_limiter.ts";
import { PASSWORD_COST } from "../server/services/passwords.ts";
import { constantOf, constantText } from "./helpers/constants.ts";
import { readText } from "./helpers/sources.ts";
import { VECTORS } from "./helpers/vectors.ts";

const PASSWORDS = "server/services/passwords.ts";
const SEARCHES = "server/services/searches.ts";
const FINDER = "server/store/text_finder.ts";
const SECRET = "protocol/secret.ts";
const DAY = 24 * 60 * 60 * 1000;
const YEAR = 365.25 * DAY;
const WORDS = ["none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

/** The page without references and comments, and with one space where it has white space. */
const page = (await readText("docs/security.md"))
  .split("\n## The tests\n", 1).join("")
  .replaceAll(/ ?\[\^[\w-]+\]|<!-- .*? -->/g, "");
const text = page.replaceAll(/\s+/g, " ");

const count = (value: number) => value.toLocaleString("en");
const size = (unit: number, name: string) => (bytes: number) => `${bytes / unit} ${name}`;
const kib = size(1024, "KiB");
const mib = size(1024 ** 2, "MiB");
const gib = size(1024 ** 3, "GiB");
const seconds = (ms: number) => `${ms / 1000} s`;
const days = (ms: number) => ms === DAY ? "1 day" : `${ms / DAY} days`;
const perSecond = ({ rate, burst }: Rate) => `${rate} a second (${count(burst)} at once)`;
const perMinute = ({ rate, burst }: Rate) => `${burst} at once, ${Math.round(rate * 60)} a minute`;

/** The rows of the tables under a heading, without heads: the cells by the first one. */
function rowsOf(heading: string): Map<string, string[]> {
  const [, part = ""] = page.split(`\n## ${heading}\n`);
  const [section = ""] = part.split("\n## ");
  const rows = [...section.matchAll(/^\| (.*) \|$/gm)].map(([, row = ""]) =>
    row.split("|").map((cell) => cell.trim())
  );
  return new Map(rows.slice(2).map(([first = "", ...rest]) => [first, rest]));
}

Deno.test("docs/security.md has the numbers of the code", async () => {
  const block = await constantOf(SECRET, "BLOCK");
  const [, times] = /^(\d) \* workOf\(SECRET_COST\)$/
    .exec(await constantText(SECRET, "MAX_WORK")) ?? [];
  const { files: { keep } } = readConfig({});
  const lifetime = await constantOf("server/services/tokens.ts", "LIFETIME");
  const { failures, transfers, slowBytes, slowTime, spare, maxConnections } = SERVER_LIMITS;
  const { maxHandshakes, handshakeTimeout } = DEFAULT_LIMITS;
  const queued = await constantOf(PASSWORDS, "MAX_QUEUED");
  const ofNetwork = await constantOf(PASSWORDS, "MAX_OF_NETWORK");
  const looks = 1000 / await constantOf("protocol/transport/builtin.ts", "LOOK_INTERVAL");
  const clientBounds = [
    `${mib(LIMITS.lists)} of lists that have not ended`,
    `${count(MAX_CONVERSATIONS)} conversations with their marks`,
    `${count(await constantOf("client/messages/conversation_sync.ts", "MAX_HELD"))} messages that`,
    `${count(await constantOf("client/ui/state.ts", "MOST_PEOPLE"))} people who are online`,
    `${count(await constantOf("client/ui/state.ts", "MOST_PLACES"))} rooms and groups`,
    `${await constantOf("client/messages/sealed_messages.ts", "MAX_MESSAGES")} sealed messages`,
    `${await constantOf("client/messages/offers.ts", "MAX_OFFERS")} files on offer`,
  ];
  const said = [
    `a secret message to within ${block} bytes`,
    `size in steps of ${block} bytes`,
    ...clientBounds,
    `sealed at ${WORDS[Number(times)]} times the usual cost`,
    `up to ${mib(await constantOf(SECRET, "MAX_MEMORY"))} and about two seconds`,
    `${8 * await constantOf("server/services/invitations.ts", "CODE_BYTES")} random bits`,
    `${WORDS[LOGIN_ATTEMPTS]} attempts on one connection, of ${seconds(TIMES.login)} each`,
    `${failures.burst} failures at once and then ${60 * failures.rate} a minute from one address`,
    `Argon2id, ${PASSWORD_COST.m / 1024} MiB, ${PASSWORD_COST.t} passes`,
    `costs ${PASSWORD_COST.m / 1024} MiB and about`,
    `${ofNetwork} passwords of one network may wait, and ${queued} of all`,
    `who controls ${queued} networks can keep`,
    `when only ${mib(spare)} are left`,
    `expires (${days(lifetime)} after the password`,
    `The ${transfers} uploads and downloads are shared`,
    `under ${kib(slowBytes)} in ${seconds(slowTime)}`,
    `with ${transfers} networks and ${transfers} accounts`,
    `move ${Math.floor(slowBytes / 1024 / (slowTime / 1000))} KiB a second`,
    `many of the ${count(maxConnections)} connections`,
    `${count(maxConnections)} connections and ${maxHandshakes} handshakes each`,
    `it takes ${maxHandshakes} networks to keep others out`,
    `half of the ${maxHandshakes} places to wait for one`,
    `pretend to be ${maxHandshakes} networks`,
    `some ${10 * Math.ceil(maxHandshakes / (handshakeTimeout / 1000) / 10)} datagrams a second`,
    `looks at ${looks} new clients a second at most`,
    `in Deno ${metadata.devDependencies.deno}`,
    `\`@matrixai/quic\` ${metadata.dependencies["@matrixai/quic"]}`,
  ];
  assert.equal(keep, lifetime);
  assert.equal(maxConnections, DEFAULT_LIMITS.maxConnections);
  for (const phrase of said) assert.ok(text.includes(phrase), phrase);
});

async function bounds(): Promise<Readonly<Record<string, string>>> {
  const { maxHandshakes, handshakeTimeout, maxStreams } = DEFAULT_LIMITS;
  const { files: { quota, largest, keep }, limits: server } = readConfig({});
  const { rate, burst } = server.requests;
  const passwords = {
    network: await constantOf(PASSWORDS, "MAX_OF_NETWORK"),
    all: await constantOf(PASSWORDS, "MAX_QUEUED"),
    wait: await constantOf(PASSWORDS, "WAIT_LIMIT"),
  };
  const searches = {
    account: await constantOf(SEARCHES, "OF_ACCOUNT"),
    network: await constantOf(SEARCHES, "LIMITS.perNetwork"),
    all: await constantOf(SEARCHES, "LIMITS.size"),
    time: await constantOf(SEARCHES, "TIME"),
  };
  const work = await constantOf(FINDER, "MOST");
  const lookups = work / await constantOf(FINDER, "LOOK_UP");
  const characters = Math.floor(work / await constantOf(FINDER, "CHARACTER") / 1e6);
  return {
    "connections; handshakes under way": `${count(server.maxConnections)}; ` +
      `${maxHandshakes}, of ${seconds(handshakeTimeout)} each`,
    "streams that a peer has open": `${maxStreams}`,
    "a frame; its nesting": `${kib(LIMITS.frame)}; ${LIMITS.depth}`,
    "frames with wrong fields, out of place or of unknown type, of a connection": `${OFFENCES}`,
    "waiting for `hello`; for each login; silence": `${seconds(TIMES.hello)}; ${
      seconds(TIMES.login)
    }; ${seconds(TIMES.silence)}`,
    "sessions of one account": `${server.sessions}`,
    "messages; other requests of one account": `${perSecond(server.sends)}; ${rate} (${burst})`,
    "`who`, `sync`, `list`, `members`, `search` of one account": perSecond(server.lists),
    "changes of status, rooms and groups, invitations, and uploads by one account": perSecond(
      server.changes,
    ),
    "frames of all accounts of one network": `${NETWORK_SHARE} times those of one account`,
    "messages of one session that wait for their `ack`": `${LIMITS.requests}`,
    "messages not yet committed, of all sessions": mib(server.uncommitted),
    "frames that a slow reader has not read": mib(server.outbox),
    "passwords waiting to be hashed: of one network; of all":
      `${passwords.network}; ${passwords.all}, of ${seconds(passwords.wait)} each`,
    "rooms; rooms and groups made by one account; members of a group": `${count(server.rooms)}; ` +
      `${LIMITS.made}, and ${LIMITS.madeNew} on its first day; ${LIMITS.members}`,
    "rooms made from one network": perMinute(server.newRooms),
    "rooms and own groups that an account is in; groups of others; those of one creator":
      `${LIMITS.joined}; ${LIMITS.added}; ${LIMITS.addedBy}`,
    "invitations at once; accounts that one makes": `${count(LIMITS.invites)}; ` +
      count(LIMITS.inviteUses),
    "work of one search": `${count(lookups)} lookups, or ${characters} million characters of text`,
    "searches under way: of one account; of one network; of all": `${searches.account}; ` +
      `${searches.network}; ${searches.all}, of ${seconds(searches.time)} each`,
    "uploads and downloads: of a connection; of all": `${LIMITS.transfers}; ${server.transfers}`,
    "a file; an account's files": `${gib(largest)}; ${gib(quota)}, ${count(server.files)} of them`,
    "space that files leave free on the disk": mib(server.spare),
    "age of a file; of an incomplete one": `${days(keep)}; ${days(server.keepPart)}`,
    "each step of a transfer that waits for the peer": seconds(TIMES.answer),
    "memory of a transfer": `one chunk, ${kib(LIMITS.chunk)}, besides the stream's window`,
    "sign-ins with a password from one network": perMinute(server.logins),
    "those of them that failed": perMinute(server.failures),
  };
}

Deno.test("docs/security.md has the bounds of the code, row by row", async () => {
  const documented = [...rowsOf("Denial of service")].map(([what, [bound]]) => [what, bound]);
  assert.deepEqual(Object.fromEntries(documented), await bounds());
});

Deno.test("limitOf() counts each frame towards the limit that docs/security.md names", () => {
  const types: Record<string, Set<string>> = {};
  for (const { from, frame } of VECTORS) {
    if (from !== "client" || frame.type === "hello" || frame.type === "ping") continue;
    (types[limitOf(frame)] ??= new Set()).add(frame.type);
  }
  const { sends, lists, changes, requests } = types;
  assert.deepEqual([...sends ?? []], ["send"]);
  assert.deepEqual([...lists ?? []].sort(), ["list", "members", "search", "sync", "who"]);
  assert.deepEqual([...changes ?? []].sort(), [
    ...[
      "add",
      "create",
      "delete",
      "invite",
      "join",
      "leave",
      "remove",
      "status",
      "topic",
      "upload",
    ],
  ]);
  assert.ok(requests !== undefined && Object.keys(types).length === 4);
});

Deno.test("docs/security.md computes correctly how long it takes to guess a passphrase", async () => {
  const [log2N, r, p] = await Promise.all(
    ["log2N", "r", "p"].map((name) => constantOf(SECRET, `SECRET_COST.${name}`)),
  );
  assert.ok(log2N !== undefined && r !== undefined);
  const cost = `N = 2^${log2N}, r = ${r}, p = ${p}: ${mib(128 * 2 ** log2N * r)}`;
  assert.ok(text.includes(`${cost} and about a third of a second of a core.`), cost);
  assert.ok(text.includes("With a thousand cores, which make about 3,000 guesses a second"));

  const passphrases = [1e7, 26 ** 6, 36 ** 8, 7776 ** 4, 7776 ** 6];
  const HOUR = DAY / 24;
  const halves = [HOUR / 2, 14 * HOUR, 15 * YEAR, 19_000 * YEAR, 1e12 * YEAR];
  const names = ["half an hour", "14 hours", "15 years", "19,000 years", "10^12 years"];
  const rows = [...rowsOf("Guessing passphrases").values()];
  assert.deepEqual(rows.map(([, half]) => half), names);
  for (const [index, [possibilities = ""]] of rows.entries()) {
    const [, factor = 1, power] = /^(?:(\d) × )?10\^(\d+)$/.exec(possibilities) ?? [];
    const number = passphrases[index] ?? NaN;
    assert.ok(isAbout(Number(factor) * 10 ** Number(power), number), possibilities);
    assert.ok(isAbout(halves[index] ?? NaN, 1000 * number / 2 / 3_000), names[index]);
  }
});

/** Rounded to one digit, or as people say it. */
function isAbout(one: number, other: number): boolean {
  return Math.abs(one - other) < 0.2 * other;
}
