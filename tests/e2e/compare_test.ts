/** `sotto bench compare` as users run it: each figure is present, and was measured. */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { PERMISSIONS } from "../../scripts/permissions.ts";
import { whyNoNamespaces } from "../helpers/namespaces.ts";
import { Program } from "../helpers/program.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
const ROWS = 8;

/** The output of `sotto bench compare`, which must succeed and leave no temporary files. */
async function compare(permissions: readonly string[], seconds: number): Promise<string[]> {
  const temporary = await Deno.makeTempDir();
  try {
    const args = ["run", "--no-check", ...permissions, MAIN, "bench", "compare"];
    await using program = new Program(Deno.execPath(), [...args, "--seconds", `${seconds}`], {
      env: { ...Deno.env.toObject(), TMPDIR: temporary },
    });
    assert.equal(await program.exit(180_000), 0, program.stderr);
    assert.equal(program.stderr, "");
    assert.deepEqual(await readdir(temporary), []);
    return program.lines;
  } finally {
    await Deno.remove(temporary, { recursive: true });
  }
}

/** The figures of a table: for each row, those of QUIC and those of TLS. */
function figuresBelow(lines: readonly string[], title: RegExp): [number[], number[]][] {
  const start = lines.findIndex((line) => title.test(line));
  assert.ok(start >= 0, `No line matches ${title} in\n${lines.join("\n")}`);
  const head = lines.findIndex((line, at) => at > start && /QUIC \(UDP\) +TLS 1\.3/.test(line));
  const rows = lines.slice(head + 1, head + 1 + ROWS);
  return rows.map((row) => {
    const [quic = "", tls = ""] = row.trim().split(/\s{2,}/).slice(-2);
    return [numbersIn(quic), numbersIn(tls)];
  });
}

function numbersIn(cell: string): number[] {
  assert.match(cell, /^[\d./ ]+ (ms|MB\/s)$/);
  return cell.replace(/ (ms|MB\/s)$/, "").split(" / ").map(Number);
}

function assertMeasured(table: readonly [number[], number[]][]): void {
  assert.equal(table.length, ROWS);
  for (const figure of table.flat(2)) assert.ok(figure > 0 && Number.isFinite(figure));
  for (const figures of table.flat()) {
    assert.deepEqual(figures, figures.toSorted((one, other) => one - other)); // p50, p99, longest
  }
}

Deno.test("sotto bench compare measures both transports on loopback, and says what a lossy link takes", async () => {
  const lines = await compare(PERMISSIONS, 1);
  assertMeasured(figuresBelow(lines, /^On this machine/));
  assert.ok(lines.includes(
    "On a link that loses packets: skipped (this program may not start other programs).",
  ));
  const recipe = lines.find((line) => line.includes("tc -n bad qdisc add dev lo root netem"));
  assert.match(recipe ?? "", / delay 25ms loss 1%$/);
});

Deno.test({
  name: "sotto bench compare measures both transports on a link that loses packets",
  ignore: whyNoNamespaces() !== undefined,
  fn: async () => {
    const lines = await compare(["-A"], 1);
    const loopback = figuresBelow(lines, /^On this machine/);
    const lossy = figuresBelow(
      lines,
      /^On a link that loses packets, made by (tc netem|a relay): 1 of 100/,
    );
    assertMeasured(loopback);
    assertMeasured(lossy);
    // The link sets a minimum: one round trip for QUIC's handshake, three for TLS.
    const [[quic = 0] = [], [tls = 0] = []] = lossy[1] ?? [];
    assert.ok(quic >= 50 && tls >= 150, `${quic}, ${tls}`);
    assert.deepEqual(namespaces(), []);
  },
});

/** The namespaces of comparisons. Other tests have theirs meanwhile (`namespaces.ts`). */
function namespaces(): string[] {
  const { stdout } = new Deno.Command("ip", { args: ["netns", "list"] }).outputSync();
  const names = new TextDecoder().decode(stdout).split("\n").map((line) =>
    line.split(" ")[0] ?? ""
  );
  return names.filter((name) => /^sotto-\d+-[a-z]+$/.test(name));
}
