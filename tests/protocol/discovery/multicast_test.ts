/**
 * Real multicast, on loopback alone, through the library and real sockets. Names are made at random:
 * others on this machine may be at it too.
 */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { formatPin } from "../../../certs/fingerprint.ts";
import { announce, type Announcement } from "../../../protocol/discovery/announce.ts";
import { browse } from "../../../protocol/discovery/browse.ts";
import type { FoundServer } from "../../../protocol/discovery/catalogue.ts";
import { query, SERVICE } from "../../../protocol/discovery/message.ts";
import { decodeMessage, encodeMessage } from "../../helpers/memory_lan.ts";

const LOOPBACK = "127.0.0.1";
const GROUP = "224.0.0.251";
const PORT = 5353;

const ignore = !await hasMulticast();
if (ignore) console.warn("Skipped: this machine has no multicast on loopback.");

Deno.test({
  name: "announce and browse find each other by real multicast, and lose each other at goodbye",
  ignore,
  async fn() {
    const name = `test ${crypto.randomUUID().slice(0, 8)}`;
    const one = serve(name, 4001, 1);
    const two = serve(name, 4002, 2);
    await using announcements = new AsyncDisposableStack();
    announcements.use(one.announcement);
    announcements.use(two.announcement);
    const found = await browseUntil((servers) => [one, two].every(({ pin }) => has(servers, pin)));
    for (const { pin, announcement, port } of [one, two]) {
      const server = found.find((server) => server.pin === pin);
      assert.equal(server?.name, announcement.name);
      assert.deepEqual(server?.addresses, [LOOPBACK]);
      assert.equal(server?.port, port);
      assert.deepEqual(server?.rooms, ["general", "tech"]);
      assert.equal(server?.people, port === 4001 ? 1 : 2);
    }
    assert.notEqual(one.announcement.name, two.announcement.name);

    one.announcement.update({ rooms: [], people: 9 });
    await browseUntil((servers) =>
      servers.some(({ pin, people }) => pin === one.pin && people === 9)
    );

    const answer = await askAlone();
    assert.ok(answer.some(({ type, name }) => type === "PTR" && name === SERVICE));

    await one.announcement[Symbol.asyncDispose]();
    await browseUntil((servers) => !has(servers, one.pin) && has(servers, two.pin));
  },
});

function serve(name: string, port: number, people: number) {
  const pin = formatPin(crypto.getRandomValues(new Uint8Array(32)));
  const announcement: Announcement = announce({
    name,
    host: LOOPBACK,
    port,
    pin,
    activity: { rooms: ["general", "tech"], people },
    onFailure: ({ message }) => assert.fail(message),
  });
  return { announcement, pin, port };
}

function has(servers: readonly FoundServer[], pin: string): boolean {
  return servers.some((server) => server.pin === pin);
}

/** Looks until what is found is right; ten times at most. */
async function browseUntil(
  isRight: (servers: readonly FoundServer[]) => boolean,
): Promise<FoundServer[]> {
  let servers: FoundServer[] = [];
  for (let round = 0; round < 10; round++) {
    servers = await browse({ seconds: 0.6, interface: LOOPBACK });
    if (isRight(servers)) return servers;
  }
  assert.fail(`Found only ${JSON.stringify(servers)}`);
}

/** Asks as a simple resolver does (`dig -p 5353 @224.0.0.251`): one question, an answer alone. */
async function askAlone() {
  const socket = createSocket("udp4");
  try {
    socket.bind(0, LOOPBACK);
    await once(socket, "listening");
    socket.setMulticastInterface(LOOPBACK);
    const question = query({ id: 7, questions: [{ name: SERVICE, type: "PTR" }] });
    const answered = once(socket, "message", { signal: AbortSignal.timeout(5_000) });
    socket.send(encodeMessage(question), PORT, GROUP);
    const [datagram] = await answered;
    const { id, answers } = decodeMessage(datagram);
    assert.equal(id, 7);
    return answers;
  } finally {
    socket.close();
  }
}

/** Whether what is said to the group on loopback is heard there. */
async function hasMulticast(): Promise<boolean> {
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  try {
    socket.bind(PORT, "0.0.0.0");
    await once(socket, "listening");
    socket.addMembership(GROUP, LOOPBACK);
    socket.setMulticastInterface(LOOPBACK);
    const heard = once(socket, "message", { signal: AbortSignal.timeout(2_000) });
    socket.send(encodeMessage(query({})), PORT, GROUP);
    await heard;
    return true;
  } catch {
    return false;
  } finally {
    socket.close();
  }
}
