import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { versionLine } from "../../cli/version.ts";

const HASH = "0123456789abcdef0123456789abcdef01234567";
const OTHER = "f".repeat(40);

/** The version line of a checkout whose `.git` has these files. */
async function lineOf(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await Deno.makeTempDir();
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, ".git", path)), { recursive: true });
      await writeFile(join(root, ".git", path), text);
    }
    return await versionLine("1.2.3", root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

Deno.test("versionLine tells the commit of a checkout, wherever git keeps it", async () => {
  const line = "sotto 1.2.3 (0123456789ab)";
  const head = "ref: refs/heads/some/branch\n";
  assert.equal(await lineOf({ HEAD: head, "refs/heads/some/branch": `${HASH}\n` }), line);
  const packed =
    `# pack-refs with: peeled\n${OTHER} refs/heads/main\n${HASH} refs/heads/some/branch\n`;
  assert.equal(await lineOf({ HEAD: head, "packed-refs": packed }), line);
  assert.equal(await lineOf({ HEAD: `${HASH}\n` }), line, "detached");
});

Deno.test("versionLine tells the version alone where nothing tells the commit", async () => {
  for (
    const files of [
      {},
      { HEAD: "ref: refs/heads/main\n" },
      { HEAD: "ref: refs/../../secret\n", "../secret": HASH },
      { HEAD: "nonsense" },
    ]
  ) {
    assert.equal(await lineOf(files), "sotto 1.2.3");
  }
});
