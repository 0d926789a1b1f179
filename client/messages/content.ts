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

/** ISO 8601. A server may send any number: one that is no date becomes the last date. */
export function isoTime(milliseconds: number): string {
  return new Date(Math.min(milliseconds, 8.64e15)).toISOString();
}
