import assert from "node:assert/strict";
import { getRandomValues } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { onlyAcknowledges } from "../../../../protocol/transport/quiche/acks.ts";
import { makeEngine } from "../../../../protocol/transport/quiche/engine.ts";
import { loadQuiche } from "../../../../protocol/transport/quiche/native.ts";
import {
  type DatagramSocket,
  openSocket,
  whenRefused,
} from "../../../../protocol/transport/quiche/socket.ts";
import { fromHex } from "../../../helpers/hex.ts";
import { dial, listen } from "../contract/pair.ts";

const ID = "1122334455667788";
const TAG = "00".repeat(16);

/** A datagram with a short header as quiche leaves it: two bytes of packet number, frames, a tag. */
function taken(frames: string): Uint8Array {
  return fromHex(`41 ${ID} 0007 ${frames} ${TAG}`);
}

Deno.test("onlyAcknowledges knows an ACK frame without a gap", () => {
  assert.equal(onlyAcknowledges(taken("02 05 00 00 05")), true);
  assert.equal(onlyAcknowledges(taken("02 4105 4001 00 40ff")), true, "fields of two bytes");
  assert.equal(onlyAcknowledges(taken("02 05 00 00 05 00 00 00")), true, "and padding");
  for (const [header, number] of [["40", "07"], ["42", "000007"], ["43", "00000007"]]) {
    const datagram = fromHex(`${header} ${ID} ${number} 02 05 00 00 05 ${TAG}`);
    assert.equal(onlyAcknowledges(datagram), true, `a packet number of ${number}`);
  }
});

Deno.test("onlyAcknowledges refuses all that may call for something", () => {
  assert.equal(onlyAcknowledges(taken("02 05 00 01 00 00 03")), false, "a gap");
  assert.equal(onlyAcknowledges(taken("03 05 00 00 05 00 00 00")), false, "ECN counts");
  assert.equal(onlyAcknowledges(taken("02 05 00 00 05 01")), false, "PING");
  assert.equal(onlyAcknowledges(taken("01 02 05 00 00 05")), false, "PING in front");
  assert.equal(onlyAcknowledges(taken("02 05 00 00 05 0a 00 01 61")), false, "STREAM");
  assert.equal(onlyAcknowledges(taken("02 05 00 00 05 10 52 00")), false, "MAX_DATA");
  assert.equal(onlyAcknowledges(taken("02 05 00 00")), false, "cut short");
  assert.equal(onlyAcknowledges(taken("02 05 00 00 45")), false, "a field that runs into the tag");
});

Deno.test("onlyAcknowledges takes any bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
    assert.equal(typeof onlyAcknowledges(bytes), "boolean");
    assert.equal(onlyAcknowledges(bytes.subarray(0, 28)), false, "too short for any");
  }));
});

Deno.test("onlyAcknowledges recognises what quiche has taken from a peer's acknowledgements", async () => {
  let acknowledgements = 0;
  const engine = makeEngine({
    load: loadQuiche,
    openSocket: async (address) => {
      const socket = await openSocket(address);
      const watched: DatagramSocket = {
        address: socket.address,
        send: (datagram, to) => socket.send(datagram, to),
        receive: (receive) =>
          socket.receive((datagram, hostname, port) => {
            receive(datagram, hostname, port);
            if (onlyAcknowledges(datagram)) acknowledgements++;
          }),
        close: () => socket.close(),
        [Symbol.asyncDispose]: () => socket.close(),
      };
      return watched;
    },
    whenRefused,
    now: () => performance.now(),
    random: (length) => getRandomValues(new Uint8Array(length)),
  });
  await using listener = await listen(engine);
  const accepting = listener.accept();
  await using client = await dial(engine, listener.address.port);
  await using server = await accepting;
  assert(server !== null);
  await using stream = await client.openStream();
  await stream.write(new TextEncoder().encode("open"));
  await using answering = await server.accept();
  assert(answering !== null);
  // What one side says by itself is answered by acknowledgements alone.
  for (let i = 0; i < 20; i++) {
    await answering.write(new TextEncoder().encode(`line ${i}`));
    await delay(20);
  }
  assert(acknowledgements >= 10, `${acknowledgements} of 20`);
});
