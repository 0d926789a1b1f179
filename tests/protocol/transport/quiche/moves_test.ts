/** A client that goes on from another port, again and again, in the midst of everything. */
import assert from "node:assert/strict";
import { engine } from "../../../../protocol/transport/quiche/engine.ts";
import { UdpRelay } from "../../../helpers/udp_relay.ts";
import { poll } from "../../../helpers/within.ts";
import {
  accepted,
  connect,
  dial,
  echo,
  equalBytes,
  listen,
  openPair,
  pattern,
  readExactly,
} from "../contract/pair.ts";
import { QUICHE } from "./subject.ts";

Deno.test("Connection.rebind in mid-stream loses nothing of thousands of messages", async () => {
  await using pair = await connect(QUICHE);
  const [one, other] = await openPair(pair.client, pair.server);
  void echo(other);
  const messages = Array.from({ length: 5_000 }, (_, at) => pattern(20 + at % 150, at + 1));
  const sent = new Uint8Array(await new Blob(messages as BlobPart[]).arrayBuffer());
  const write = async () => {
    for (const [at, message] of messages.entries()) {
      await one.write(message);
      if (at % 500 === 250) await pair.client.rebind();
    }
  };
  const [back] = await Promise.all([readExactly(one, sent.length), write()]);
  assert.ok(equalBytes(back, sent));
});

Deno.test("Connection sends again what was under way to a port that the client has left", async () => {
  await using listener = await listen(engine);
  await using relay = new UdpRelay(listener.address);
  const dialling = dial(engine, relay.port, { limits: { keepAlive: 200 } });
  const server = await accepted(listener);
  await using client = await dialling;
  const [one, other] = await openPair(client, server);
  const carry = async (length: number, meanwhile?: () => Promise<void>) => {
    const sent = pattern(length);
    const writing = other.write(sent);
    await meanwhile?.();
    assert.ok(equalBytes(await readExactly(one, length), sent));
    await writing;
  };
  await carry(500_000); // from now on much may be in flight at once
  for (let round = 0; round < 3; round++) {
    let lost = 0;
    relay.filter = (datagram, direction) => {
      if (direction === "up") return datagram;
      lost += datagram.length;
      return undefined;
    };
    await carry(50_000, async () => {
      // Much of it is lost, and then the client comes from another address.
      await poll(() => lost > 5_000 || undefined, "datagrams to be lost", 1);
      relay.filter = (datagram) => datagram;
      relay.rebind();
    });
  }
});

Deno.test("Connection.rebind of one that has closed throws", async () => {
  await using pair = await connect(QUICHE);
  await pair.client[Symbol.asyncDispose]();
  await assert.rejects(pair.client.rebind(), { name: "TransportError", code: "closed" });
});
