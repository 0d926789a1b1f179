import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { manPage } from "../../cli/man.ts";
import { COMMANDS, parseArguments } from "../../cli/parse.ts";
import { EXIT } from "../../protocol/exit_codes.ts";

const VERSION = "Sotto 1.2.3";
const PAGES = [undefined, ...COMMANDS];

/** What groff makes of a page, and what it complains of. `undefined`: there is no groff. */
function rendered(page: string): { text: string; complaints: string } | undefined {
  const { error, stdout, stderr } = spawnSync("groff", ["-man", "-Tutf8", "-P-cbou", "-ww"], {
    input: page,
    encoding: "utf8",
    env: { LC_ALL: "C.UTF-8", PATH: Deno.env.get("PATH") },
  });
  return error === undefined ? { text: stdout, complaints: stderr } : undefined;
}

const ignore = rendered("") === undefined;
if (ignore) console.warn("Skipped: manual pages are read with groff (apt-get install groff-base).");

Deno.test("manPage has every command, and each its options, as --help has them", () => {
  const all = manPage(undefined, VERSION).replaceAll("\\-", "-");
  for (const command of COMMANDS) {
    assert.match(all, new RegExp(`^\\\\fB${command}\\b`, "m"));
    const page = manPage(command, VERSION).replaceAll("\\-", "-");
    const help = parseArguments(["help", command], { version: "0" });
    assert.ok(help.type === "print");
    for (const [option] of help.stdout.matchAll(/--[a-z][a-z-]*/g)) {
      assert.ok(page.includes(option), `${command} ${option}`);
    }
    for (const code of Object.values(EXIT)) {
      assert.match(page, new RegExp(`^\\\\fB${code}\\\\fR$`, "m"));
    }
  }
});

Deno.test("manPage writes ASCII without requests in the middle of a text", () => {
  for (const name of PAGES) {
    const page = manPage(name, VERSION);
    assert.match(page, /^[\n -~]*\n$/);
    for (const line of page.split("\n").filter((line) => /^[.']/.test(line))) {
      assert.match(line, /^\.(TH|SH|TP|PP)\b/);
    }
  }
});

Deno.test({
  name: "manPage is read by groff without complaint",
  ignore,
  fn() {
    for (const name of PAGES) {
      const { text = "", complaints } = rendered(manPage(name, VERSION)) ?? {};
      assert.equal(complaints, "", name);
      assert.match(text, /^NAME\n +sotto/m);
      assert.match(text, /^EXIT STATUS$/m);
    }
    assert.match(rendered(manPage("client", VERSION))?.text ?? "", /--pin SHA256:…/);
  },
});
