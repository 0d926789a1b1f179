import assert from "node:assert/strict";
import {
  type BadLine,
  makeBadLine,
  NoLineError,
  type Run,
} from "../../../bench/compare/bad_line.ts";

/** What iproute2 complains with, as `execFileSync` throws it. */
function complaint(text: string, code?: string): Error {
  return Object.assign(new Error(`Command failed: ${text}`), { stderr: text, code });
}

Deno.test("makeBadLine lets tc netem make the cable bad, on both ends, and takes all of it away", async () => {
  const commands: string[] = [];
  const run: Run = (...words) => void commands.push(words.join(" ").replace(/sotto-\d+-/g, ""));
  {
    await using line: BadLine = await makeBadLine(run);
    assert.equal(line.how, "tc netem");
    assert.equal(line.there.join(" ").replace(/\d+/, "N"), "ip netns exec sotto-N-there");
  }
  assert.deepEqual(commands.filter((command) => /netns add|netns delete|tc/.test(command)), [
    "ip netns add here",
    "ip netns add there",
    "tc -n here qdisc add dev cable0 root netem limit 20000 delay 25ms loss 1%",
    "tc -n there qdisc add dev cable0 root netem limit 20000 delay 25ms loss 1%",
    "ip netns delete there",
    "ip netns delete here",
  ]);
});

Deno.test("makeBadLine says why there is no bad line, and leaves nothing behind", async () => {
  const reasons: readonly (readonly [failing: RegExp, error: Error, reason: RegExp])[] = [
    [/netns add/, complaint("spawn ip ENOENT", "ENOENT"), /there is no iproute2/],
    [/netns add/, complaint("mount --make-shared: Operation not permitted"), /not permitted/],
    [/netem/, complaint("RTNETLINK answers: Operation not permitted"), /not permitted/],
    [/netem|vxlan/, complaint("Error: Specified qdisc kind is unknown."), /is unknown/],
    [
      /netns add/,
      Object.assign(new Error("Requires run access"), { name: "NotCapable" }),
      /this program may start no other/,
    ],
  ];
  for (const [failing, error, reason] of reasons) {
    const machines = new Set<string>();
    const run: Run = (...words) => {
      if (failing.test(words.join(" "))) throw error;
      const [, netns, verb, name = ""] = words;
      if (netns === "netns") verb === "add" ? machines.add(name) : machines.delete(name);
    };
    await assert.rejects(makeBadLine(run), (thrown) => {
      assert.ok(thrown instanceof NoLineError);
      assert.match(thrown.message, reason);
      return true;
    });
    assert.deepEqual([...machines], []);
  }
});
