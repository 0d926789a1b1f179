import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { execFileSync } from "node:child_process";
import { writeTar } from "../../scripts/tar.ts";

const text = (text: string) => new TextEncoder().encode(text);

Deno.test("writeTar makes archives that tar reads back, long names included", () => {
  const long = `${"folder/".repeat(20)}${"x".repeat(90)}`;
  const entries = [
    { path: "program", bytes: text("#!/bin/sh\n"), executable: true },
    { path: "app/empty", bytes: text(""), executable: false },
    { path: "app/block", bytes: new Uint8Array(512).fill(65), executable: false },
    { path: long, bytes: text("deep"), executable: false },
  ];
  const archive = new Uint8Array(Buffer.concat([...writeTar(entries)]));
  const run = (...args: string[]) => execFileSync("tar", args, { input: archive }).toString();
  assert.deepEqual(run("-tf", "-").trim().split("\n"), entries.map(({ path }) => path));
  const [first, second] = run("-tvf", "-").split("\n");
  assert.match(first ?? "", /^-rwx------ .* 10 1970/);
  assert.match(second ?? "", /^-rw------- /);
  assert.equal(run("-xOf", "-", long), "deep");
  assert.equal(run("-xOf", "-", "app/block"), "A".repeat(512));
});

Deno.test("writeTar refuses a name that does not fit, rather than cut it", () => {
  const entries = [{ path: "x".repeat(101), bytes: text(""), executable: false }];
  assert.throws(() => [...writeTar(entries)], /name is too long/);
});

Deno.test("writeTar gives the same bytes for the same entries", () => {
  const make = () =>
    Buffer.concat([...writeTar([{ path: "a", bytes: text("b"), executable: false }])]);
  assert.ok(make().equals(make()));
});
