/** `docs/protocol.md`, "TLS over TCP", says what the engine does. */
import assert from "node:assert/strict";
import { FAULT, MAX_DATA, MAX_PAYLOAD, TYPE } from "../../../../protocol/transport/tls/capsules.ts";
import { engine } from "../../../../protocol/transport/tls/engine.ts";
import { TlsStranger } from "../../../helpers/tls_stranger.ts";
import { accepted, echoAll, listen } from "../contract/pair.ts";
import { within } from "../../../helpers/within.ts";

const DOCUMENT = new URL("../../../../docs/protocol.md", import.meta.url);
const [, section = ""] = (await Deno.readTextFile(DOCUMENT)).split("\n## TLS over TCP\n");

/** The rows of the table whose first column has this name. */
function rows(column: string): string[][] {
  const [, table = ""] = section.split(`\n| ${column}`);
  return table.split("\n\n", 1)[0]?.split("\n").slice(2).map((line) =>
    line.split("|").slice(1, -1).map((cell) => cell.trim().replaceAll("`", ""))
  ) ?? [];
}

Deno.test("docs/protocol.md has the types of capsules, and how long they may be", () => {
  const documented = rows("Type").map(([type, name]) => [name, Number(type)]);
  assert.deepEqual(Object.fromEntries(documented), TYPE);
  const lengths = Object.fromEntries(rows("Type").map(([, name, bytes]) => [name, bytes]));
  assert.ok(lengths["data"]?.endsWith(MAX_DATA.toLocaleString("en")));
  assert.ok(lengths["close"]?.endsWith(String(MAX_PAYLOAD)));
});

Deno.test("docs/protocol.md has the codes of what peers do wrong over TLS", () => {
  const documented = rows("Code").map(([code]) => Number(code));
  assert.deepEqual(documented, Object.values(FAULT));
});

Deno.test("docs/protocol.md shows a connection over TLS as a server has it", async () => {
  await using listener = await listen(engine);
  const [, example = ""] = section.split("### A worked connection\n");
  const lines = example.split("```")[1]?.trim().split("\n") ?? [];
  const links = new Map<string, { stranger: TlsStranger; read: number }>();
  let documented = "";
  let secret = "";
  let link: { stranger: TlsStranger; read: number } | undefined;
  for (const line of lines) {
    const [, mark, name, text = ""] = /^([<>]) (\w+) +([0-9a-f ]+)$/.exec(line) ?? [];
    if (mark === undefined) {
      link = links.get(line) ??
        { stranger: await TlsStranger.dial(listener.address.port), read: 0 };
      links.set(line, link);
      continue;
    }
    assert.ok(link);
    const hex = text.replaceAll(" ", "");
    const { stranger } = link;
    if (mark === ">") {
      stranger.write(documented === "" ? hex : hex.replace(documented, secret));
      continue;
    }
    if (name === "opened") {
      documented = hex.slice(6, 38);
      secret = await within(stranger.find(/^.{6}(.{32})/), line);
      void echoAll(await accepted(listener));
    }
    const expected = documented === "" ? hex : hex.replace(documented, secret);
    await within(stranger.find(new RegExp(`^.{${link.read}}${expected}`)), line);
    link.read += hex.length;
  }
  assert.equal(links.size, 2);
  for (const { stranger, read } of links.values()) {
    await within(stranger.closed, "the server to hang up");
    assert.equal(stranger.received.length, read);
  }
});
