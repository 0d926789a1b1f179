import assert from "node:assert/strict";
import { FinRepeats } from "../../../../protocol/transport/quiche/fin_repeats.ts";
import {
  CLIENT,
  datagramsOf,
  exchange,
  type NativePair,
  nativePair,
  SERVER,
} from "./native_pair.ts";

const NOTHING = new Uint8Array(0);

/** Quiche has to repeat data of stream 0, gets its FIN, and forgets it (`engine_faults_test.ts`). */
async function forgetFin(): Promise<NativePair> {
  const pair = await nativePair();
  const { client, server } = pair;
  client.streamSend(0, new Uint8Array(1), false);
  datagramsOf(client); // Lost.
  for (let part = 0; part < 5; part++) {
    client.streamSend(0, new Uint8Array(1), false);
    for (const datagram of datagramsOf(client)) {
      server.recv(datagram, { from: CLIENT, to: SERVER });
    }
  }
  for (const datagram of datagramsOf(server)) client.recv(datagram, { from: SERVER, to: CLIENT });
  client.streamSend(0, NOTHING, true);
  return pair;
}

Deno.test("FinRepeats gives a FIN again that quiche has forgotten", async () => {
  const pair = await forgetFin();
  const { client, server } = pair;
  const repeats = new FinRepeats();
  repeats.add(client, 0);
  exchange(pair);
  assert.deepEqual(server.streamRecv(0, new Uint8Array(100)), [6, false]);
  const due = repeats.dueAt(1_000);
  repeats.repeat(client, due - 1);
  exchange(pair);
  assert.equal(server.streamFinished(0), false);
  repeats.repeat(client, due);
  exchange(pair);
  assert.deepEqual(server.streamRecv(0, new Uint8Array(100)), [0, true]);
});

Deno.test("FinRepeats repeats a few times, and no stream that was reset", async () => {
  const { client } = await forgetFin();
  const repeats = new FinRepeats();
  repeats.add(client, 0);
  const times: number[] = [];
  for (let now = 0; (now = repeats.dueAt(now)) < Infinity;) {
    times.push(now);
    repeats.repeat(client, now);
  }
  assert.deepEqual(times, [100, 500, 2_100]);
  repeats.add(client, 0);
  repeats.delete(0);
  assert.equal(repeats.dueAt(0), Infinity);
});

Deno.test("FinRepeats repeats nothing on a connection that has lost nothing", async () => {
  const { client } = await nativePair();
  const repeats = new FinRepeats();
  client.streamSend(0, NOTHING, true);
  repeats.add(client, 0);
  assert.equal(repeats.dueAt(0), Infinity);
});

Deno.test("FinRepeats leaves a stream alone that is done", async () => {
  const pair = await forgetFin();
  const { client } = pair;
  const repeats = new FinRepeats();
  repeats.add(client, 0);
  client.streamShutdown(0, 0, 1);
  client.streamShutdown(0, 1, 1);
  repeats.repeat(client, repeats.dueAt(0));
  exchange(pair);
});
