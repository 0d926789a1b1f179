import assert from "node:assert/strict";
import fc from "fast-check";
import { Routes } from "../../../../protocol/transport/quiche/routes.ts";

/** IDs of which many share their first bytes, and so their key. */
const id = fc.tuple(
  fc.constantFrom([1, 2, 3, 4], [1, 2, 3, 5], [9, 9, 9, 9]),
  fc.array(fc.nat(2), { minLength: 4, maxLength: 6 }),
).map(([head, tail]) => Uint8Array.from([...head, ...tail]));

const step = fc.record({ id, act: fc.constantFrom("add", "delete", "find") });

Deno.test("Routes does what a table of whole IDs would do", () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const routes = new Routes<number>();
    const model = new Map<string, number>();
    steps.forEach(({ id, act }, target) => {
      const name = id.join();
      if (act === "add") {
        assert.equal(routes.add(id, target), !model.has(name));
        if (!model.has(name)) model.set(name, target);
      } else if (act === "delete") {
        routes.delete(id);
        model.delete(name);
      }
      assert.equal(routes.find(id, 0, id.length), model.get(name));
      assert.equal(routes.size, model.size);
    });
  }));
});

Deno.test("Routes.find looks at a part of a datagram", () => {
  const routes = new Routes<string>();
  routes.add(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), "somebody");
  const datagram = Uint8Array.of(0x40, 1, 2, 3, 4, 5, 6, 7, 8, 99);
  assert.equal(routes.find(datagram, 1, 9), "somebody");
  assert.equal(routes.find(datagram, 1, 8), undefined);
  assert.equal(routes.find(datagram, 0, 8), undefined);
  assert.equal(routes.find(datagram, 9, 9), undefined);
});
