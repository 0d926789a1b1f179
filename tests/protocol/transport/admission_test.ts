import assert from "node:assert/strict";
import { Admission } from "../../../protocol/transport/admission.ts";
import { settle } from "../../helpers/fake_clock.ts";

function setUp() {
  const begun: number[] = [];
  const gates: (() => void)[] = [];
  const admission = new Admission<number>({
    admit: () => new Promise((resolve) => gates.push(resolve)),
    begin: (client) => begun.push(client),
  });
  const open = async () => {
    gates.shift()?.();
    await settle();
  };
  return { admission, begun, gates, open };
}

Deno.test("Admission begins at once where nothing decides when", () => {
  const begun: number[] = [];
  const admission = new Admission<number>({ admit: undefined, begin: (one) => begun.push(one) });
  assert.equal(admission.offer(1), true);
  assert.deepEqual(begun, [1]);
});

Deno.test("Admission begins with one client after the other, each when it is admitted", async () => {
  const { admission, begun, gates, open } = setUp();
  for (const client of [1, 2]) assert.equal(admission.offer(client), true);
  assert.deepEqual(begun, []);
  await open();
  assert.deepEqual(begun, [1]);
  await open();
  assert.deepEqual(begun, [1, 2]);
  assert.equal(gates.length, 0);
  admission.offer(3);
  await open();
  assert.deepEqual(begun, [1, 2, 3]);
});

Deno.test("Admission has so many places, and forgets all who wait when it is cleared", async () => {
  const { admission, begun, gates, open } = setUp();
  const offered = Array.from({ length: 300 }, (_, client) => admission.offer(client));
  assert.equal(offered.filter((isTaken) => isTaken).length, 256);
  admission.clear();
  await open();
  assert.deepEqual(begun, []);
  assert.equal(gates.length, 0);
});
