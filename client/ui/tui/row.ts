/**
 * A row of the screen that is laid out already: Ink puts it in its place, and neither measures nor
 * wraps it. That matters because Ink keeps what it has measured for as long as it runs, and what is
 * typed is never the same twice.
 */
import { Text, Transform } from "ink";
import { createElement, type ReactElement } from "react";

export interface RowProps {
  /** Safe, and of no more cells than there are columns. */
  readonly text: string;
  readonly columns: number;
}

export function Row({ text, columns }: RowProps): ReactElement {
  const blank = createElement(Text, null, " ".repeat(columns));
  return createElement(Transform, { transform: () => text, children: blank });
}
