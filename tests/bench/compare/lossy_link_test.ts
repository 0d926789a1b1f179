import assert from "node:assert/strict";
import {
  type LossyLink,
  makeLossyLink,
  NoLossyLinkError,
  type Run,
} from "../../../bench/compare/lossy_link.ts";

/** An error of iproute2, as `execFileSync` throws it. */
function errorOf(text: string, code?: string): Error {
  return Object.assign(new Error(`Command failed: ${text}`), { stderr: text, code });
}

Deno.test("makeLossyLink configures tc netem at both ends, and removes everything", async () => {
  const commands: string[] = [];
  const run: Run = (...words) => void commands.push(words.join(" ").replace(/sotto-\d+-/g, ""));
  {
    await using link: LossyLink = await makeLossyLink(run);
    assert.equal(link.method, "tc netem");
    assert.equal(link.there.join(" ").replace(/\d+/, "N"), "ip netns exec sotto-N-there");
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

Deno.test("makeLossyLink says why there is no lossy link, and leaves nothing behind", async () => {
  const reasons: readonly (readonly [failing: RegExp, error: Error, reason: RegExp])[] = [
    [/netns add/, errorOf("spawn ip ENOENT", "ENOENT"), /iproute2 \(ip and tc\) is missing/],
    [/netns add/, errorOf("mount --make-shared: Operation not permitted"), /not permitted/],
    [/netem/, errorOf("RTNETLINK answers: Operation not permitted"), /not permitted/],
    [/netem|vxlan/, errorOf("Error: Specified qdisc kind is unknown."), /is unknown/],
    [
      /netns add/,
      Object.assign(new Error("Requires run access"), { name: "NotCapable" }),
      /this program may not start other programs/,
    ],
  ];
  for (const [failing, error, reason] of reasons) {
    const namespaces = new Set<string>();
    const run: Run = (...words) => {
      if (failing.test(words.join(" "))) throw error;
      const [, netns, verb, name = ""] = words;
      if (netns === "netns") verb === "add" ? namespaces.add(name) : namespaces.delete(name);
    };
    await assert.rejects(makeLossyLink(run), (thrown) => {
      assert.ok(thrown instanceof NoLossyLinkError);
      assert.match(thrown.message, reason);
      return true;
    });
    assert.deepEqual([...namespaces], []);
  }
});
