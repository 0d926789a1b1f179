import assert from "node:assert/strict";
import { isoTime, shownContent, textOf } from "../../../client/messages/content.ts";
import { encodeFileContent } from "../../../protocol/file_content.ts";
import { ulidOf } from "../../helpers/messages.ts";

Deno.test("textOf gives the text of a text message alone", () => {
  assert.equal(textOf({ kind: "text", body: "hi" }), "hi");
  assert.equal(textOf({ kind: "text", body: new Uint8Array(1) }), undefined);
  assert.equal(textOf({ kind: "sealed", body: "hi" }), undefined);
});

Deno.test("shownContent shows texts and files, and nothing that is sealed", () => {
  const note = { file: ulidOf(1), name: "plan.pdf", size: 7, hash: new Uint8Array(32) };
  assert.deepEqual(shownContent({ kind: "text", body: "hi" }), { text: "hi" });
  assert.deepEqual(shownContent({ kind: "file", body: encodeFileContent(note) }), {
    name: "plan.pdf",
    size: 7,
  });
  assert.deepEqual(shownContent({ kind: "file", body: new Uint8Array(1) }), {});
  assert.deepEqual(shownContent({ kind: "sealed", body: new Uint8Array(1) }), {});
});

Deno.test("isoTime takes any number that a server may send", () => {
  assert.equal(isoTime(0), "1970-01-01T00:00:00.000Z");
  assert.equal(isoTime(Number.MAX_SAFE_INTEGER), "9999-12-31T23:59:59.999Z");
});
