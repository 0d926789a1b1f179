/**
 * Faults of quiche 0.18 that make a connection stall, each by itself. If one of
 * these tests fails with another version of quiche, what works round that fault can go
 * (docs/decisions/quic.md).
 */
import assert from "node:assert/strict";
import { MAX_PATHS } from "../../../../protocol/transport/quiche/config.ts";
import { CLIENT, datagramsOf, exchange, nativePair, SERVER } from "./native_pair.ts";

Deno.test("quiche ignores all datagrams from new addresses after as many as it has paths", async () => {
  const { client, server } = await nativePair();
  const answers: boolean[] = [];
  for (let move = 1; move <= MAX_PATHS; move++) {
    const from = { ...CLIENT, port: CLIENT.port + move };
    client.sendAckEliciting();
    for (const datagram of datagramsOf(client)) server.recv(datagram, { from, to: SERVER });
    const down = datagramsOf(server);
    for (const datagram of down) client.recv(datagram, { from: SERVER, to: CLIENT });
    // The answers to its PATH_CHALLENGE frames.
    for (const datagram of datagramsOf(client)) server.recv(datagram, { from, to: SERVER });
    for (const datagram of datagramsOf(server)) client.recv(datagram, { from: SERVER, to: CLIENT });
    answers.push(down.length > 0);
  }
  assert.deepEqual(answers, [...Array(MAX_PATHS - 1).fill(true), false]);
  // It is not closed either, and the client cannot know.
  assert.equal(server.isClosed() || server.isDraining(), false);
  assert.equal(server.stats().pathsCount, MAX_PATHS);
});

Deno.test("quiche does not repeat a lost MAX_DATA frame before more has been read", async () => {
  const limit = 20_000;
  const pair = await nativePair((config) => config.setInitialMaxData(limit));
  const { client, server } = pair;
  for (let sent = 0; sent < limit;) {
    sent += client.streamSend(0, new Uint8Array(limit), false) ?? 0;
    exchange(pair);
  }
  while (server.streamRecv(0, new Uint8Array(limit)) !== null);
  assert.ok(datagramsOf(server).length > 0); // With MAX_DATA. All are lost.

  // Later packets are acknowledged, so that quiche notices the loss.
  for (let ping = 0; ping < 5; ping++) {
    server.sendAckEliciting();
    exchange(pair);
  }
  assert.ok(server.stats().lost > 0);
  assert.equal(client.streamSend(0, new Uint8Array(1), false), null);
});

Deno.test("quiche does not repeat a lost FIN once all bytes before it are acknowledged", async () => {
  const pair = await nativePair();
  const { client, server } = pair;
  const buffer = new Uint8Array(100);
  client.streamSend(0, new Uint8Array(1), true);
  exchange(pair);
  assert.deepEqual(server.streamRecv(0, buffer), [1, true]);

  server.streamSend(0, new Uint8Array(1), false);
  const data = datagramsOf(server);
  server.streamSend(0, new Uint8Array(0), true);
  assert.ok(datagramsOf(server).length > 0); // With FIN. All are lost.
  for (const datagram of data) client.recv(datagram, { from: SERVER, to: CLIENT });
  for (let ping = 0; ping < 5; ping++) {
    server.sendAckEliciting();
    exchange(pair);
  }
  assert.ok(server.stats().lost > 0);
  assert.deepEqual(client.streamRecv(0, buffer), [1, false]);
  assert.equal(client.streamFinished(0), false);
});

Deno.test("quiche forgets a FIN that it has not sent when all bytes before it are acknowledged", async () => {
  const pair = await nativePair();
  const { client, server } = pair;
  const buffer = new Uint8Array(100);
  client.streamSend(0, new Uint8Array(1), true);
  exchange(pair);
  assert.deepEqual(server.streamRecv(0, buffer), [1, true]);

  server.streamSend(0, new Uint8Array(1), false);
  for (const datagram of datagramsOf(server)) client.recv(datagram, { from: SERVER, to: CLIENT });
  const acknowledgements = datagramsOf(client);
  server.streamSend(0, new Uint8Array(0), true);
  for (const datagram of acknowledgements) server.recv(datagram, { from: CLIENT, to: SERVER });
  exchange(pair);
  assert.deepEqual(client.streamRecv(0, buffer), [1, false]);
  assert.equal(client.streamFinished(0), false);
});

Deno.test("quiche forgets a FIN that it gets while it has to repeat data, until it is given again", async () => {
  const pair = await nativePair();
  const { client, server } = pair;
  client.streamSend(0, new Uint8Array(1), false);
  assert.ok(datagramsOf(client).length > 0); // Lost.
  for (let part = 0; part < 5; part++) {
    client.streamSend(0, new Uint8Array(1), false);
    for (const datagram of datagramsOf(client)) {
      server.recv(datagram, { from: CLIENT, to: SERVER });
    }
  }
  // By these acknowledgements the client knows of the loss.
  for (const datagram of datagramsOf(server)) client.recv(datagram, { from: SERVER, to: CLIENT });
  assert.equal(client.stats().lost, 1);
  client.streamSend(0, new Uint8Array(0), true);
  exchange(pair);
  assert.deepEqual(server.streamRecv(0, new Uint8Array(100)), [6, false]);
  for (let ping = 0; ping < 5; ping++) {
    client.sendAckEliciting();
    exchange(pair);
  }
  assert.equal(server.streamFinished(0), false);

  client.streamSend(0, new Uint8Array(0), true);
  exchange(pair);
  assert.deepEqual(server.streamRecv(0, new Uint8Array(100)), [0, true]);
});
