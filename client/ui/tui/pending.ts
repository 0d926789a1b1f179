/** Own messages that the server has not acknowledged yet, dimmed. Pure. */
import { peerOf } from "../../../protocol/names.ts";
import { safeText } from "../../../protocol/safe_text.ts";
import type { Sending, State } from "../state.ts";
import { fileName } from "../file_text.ts";
import { conversationLabel } from "../labels.ts";
import { fit } from "./graphemes.ts";
import { dim } from "./style.ts";

/** A row for each of the oldest messages; the last row counts the rest. */
export function pendingRows(state: State, rows: number, columns: number): string[] {
  if (rows <= 0) return [];
  const all = [...state.sending.values()];
  const mark = state.connection === "connected" ? "…" : "waiting:";
  const texts = all.slice(0, all.length > rows ? rows - 1 : rows)
    .map((sending) => `${mark} ${sendingText(state, sending)}`);
  const more = all.length - texts.length;
  if (more > 0) texts.push(`${mark} ${texts.length > 0 ? "and " : ""}${more} more`);
  return texts.map((text) => dim(fit(text, columns)));
}

function sendingText(state: State, { conversation, text, name }: Sending): string {
  const where = conversation === state.room ? "" : `${conversationLabel(state, conversation)}: `;
  if (name !== undefined) return `${where}[${fileName({ name })}]`;
  if (text !== undefined) return `${where}${safeText(text)}`;
  return `[sealed for ${peerOf(conversation, state.user ?? "") ?? "another user"}]`;
}
