/** What was said and is not acknowledged: paler, until it stands in the scrollback. */
import { Box } from "ink";
import { createElement, type ReactElement } from "react";
import { peerOf } from "../../../protocol/names.ts";
import { safeText } from "../../../protocol/safe_text.ts";
import type { Sending, State } from "../state.ts";
import { fileName } from "../file_wording.ts";
import { label } from "../wording.ts";
import { fit } from "./graphemes.ts";
import { Row } from "./row.ts";
import { dim } from "./style.ts";

export interface WaitingProps {
  readonly state: State;
  readonly columns: number;
  /** The most rows. */
  readonly rows: number;
}

export function Waiting({ state, columns, rows }: WaitingProps): ReactElement {
  const texts = waitingTexts(state, rows);
  return createElement(
    Box,
    { flexDirection: "column" },
    texts.map((text, key) => createElement(Row, { key, text: dim(fit(text, columns)), columns })),
  );
}

/** One row for each of the oldest; the last row counts the rest. */
function waitingTexts(state: State, rows: number): string[] {
  const all = [...state.sending.values()];
  if (rows <= 0) return [];
  const mark = state.connection === "connected" ? "…" : "waiting:";
  const texts = all.slice(0, all.length > rows ? rows - 1 : rows)
    .map((sending) => `${mark} ${sendingText(state, sending)}`);
  const more = all.length - texts.length;
  return more > 0 ? [...texts, `${mark} ${texts.length > 0 ? "and " : ""}${more} more`] : texts;
}

function sendingText(state: State, { conversation, text, name }: Sending): string {
  const where = conversation === state.room ? "" : `${label(state, conversation)}: `;
  if (name !== undefined) return `${where}[${fileName({ name })}]`;
  if (text !== undefined) return `${where}${safeText(text)}`;
  return `[sealed to ${peerOf(conversation, state.user ?? "") ?? "somebody"}]`;
}
