/**
 * A client's address changes in mid-conversation, as when a NAT forgets or a laptop changes
 * networks: its session goes on, with no new sign-in, and nothing is lost or repeated.
 */
import assert from "node:assert/strict";
import { parsePin } from "../../certs/fingerprint.ts";
import { GENERAL } from "../../protocol/names.ts";
import { engine as quiche } from "../../protocol/transport/quiche/engine.ts";
import { ALPN } from "../../protocol/version.ts";
import { startTestChat } from "../helpers/client.ts";
import { ulidOf } from "../helpers/messages.ts";
import { TestPeer, texts } from "../helpers/peer.ts";
import { startTestServer } from "../helpers/server.ts";
import { UdpRelay } from "../helpers/udp_relay.ts";

const ROUNDS = 60;

for (const engine of ["builtin", "quiche"]) {
  Deno.test(`Chat keeps its session with a server on ${engine} when its address changes`, async () => {
    await using server = await startTestServer({ engine });
    await using relay = new UdpRelay(server.address);
    const { pin } = server;
    await using ann = await startTestChat({ user: "ann", port: relay.port, pin });
    await using bob = await startTestChat({ user: "bob", port: server.address.port, pin });
    const ports = new Set(relay.upstreamPorts);
    for (let round = 1; round <= ROUNDS; round++) {
      if (round % 15 === 0) {
        relay.rebind();
        for (const port of relay.upstreamPorts) ports.add(port);
      }
      await Promise.all([ann.chat.type(`ann ${round}`), bob.chat.type(`bob ${round}`)]);
      await ann.event("message", { text: `bob ${round}` });
      await bob.event("message", { text: `ann ${round}` });
    }
    assert.equal(ports.size, 1 + ROUNDS / 15);
    assert.deepEqual(
      [ann.all("connected").length, ann.all("authenticated").length, ann.all("notice").length],
      [1, 1, 0],
    );
    await ann.find("all acks", () => ann.all("ack").length === ROUNDS || undefined);
    const all = Array.from({ length: ROUNDS }, (_, index) => index + 1);
    assert.deepEqual(ann.texts, all.map((round) => `bob ${round}`));
    assert.deepEqual(bob.texts, all.map((round) => `ann ${round}`));
    const seqs = [...ann.all("ack"), ...ann.all("message")].map(({ seq }) => seq);
    assert.equal(new Set(seqs).size, 2 * ROUNDS);
  });

  Deno.test(`A client that moves to a new port keeps its session with a server on ${engine}`, async () => {
    await using server = await startTestServer({ engine });
    const hash = parsePin(server.pin);
    assert.ok(hash);
    const { hostname, port } = server.address;
    const hashes = [hash];
    const connection = await quiche.dial({ hostname, port, alpn: [ALPN], hashes });
    await using ann = new TestPeer(connection, await connection.openStream());
    await ann.hello();
    await ann.login("ann");
    await using bob = await TestPeer.signIn(server, "bob");
    for (let round = 1; round <= 30; round++) {
      if (round % 10 === 5) await connection.rebind();
      await ann.say(GENERAL, ulidOf(round), `ann ${round}`);
      assert.equal((await ann.next("ack")).seq, 2 * round - 1);
      assert.equal((await bob.next("message")).seq, 2 * round - 1);
      await bob.say(GENERAL, ulidOf(round), `bob ${round}`);
      assert.deepEqual(texts([await ann.next("message")]), [[2 * round, "bob", `bob ${round}`]]);
    }
    assert.equal(server.log.filter((line) => line.includes('"signed_in"')).length, 2);
  });
}
