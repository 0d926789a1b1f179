/** What of a message's content can be shown without a key. Pure. */
import { decodeFileContent, FILE_KIND } from "../../protocol/file_content.ts";
import type { Content } from "../../protocol/frame.ts";

/** The text of a text message; `undefined` for other kinds. */
export function textOf({ kind, body }: Content): string | undefined {
  return kind === "text" && typeof body === "string" ? body : undefined;
}

/** The fields of a `sending` event: the text, or a file's name and size. */
export function shownContent(content: Content): { text?: string; name?: string; size?: number } {
  const text = textOf(content);
  if (text !== undefined) return { text };
  const note = content.kind === FILE_KIND ? decodeFileContent(content.body) : undefined;
  return note === undefined ? {} : { name: note.name, size: note.size };
}

/** The last moment whose year has four digits, as docs/events.schema.json wants it. */
const LAST = Date.parse("9999-12-31T23:59:59.999Z");

/** ISO 8601. A server may send any number: one that is too large becomes the last moment. */
export function isoTime(milliseconds: number): string {
  return new Date(Math.min(milliseconds, LAST)).toISOString();
}
