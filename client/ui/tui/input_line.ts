/** What is being typed, or the question that is being answered. */
import { Box } from "ink";
import { createElement, type ReactElement } from "react";
import { Row } from "./row.ts";

export interface InputLineProps {
  /** As `layoutInput` gives them. */
  readonly rows: readonly string[];
  readonly columns: number;
}

export function InputLine({ rows, columns }: InputLineProps): ReactElement {
  return createElement(
    Box,
    { flexDirection: "column" },
    rows.map((text, key) => createElement(Row, { key, text, columns })),
  );
}
