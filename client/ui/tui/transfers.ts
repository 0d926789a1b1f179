/** Files on their way, each with a bar. */
import { Box } from "ink";
import { createElement, type ReactElement } from "react";
import { formatSize } from "../../../protocol/size.ts";
import type { ProgressEvent } from "../../events.ts";
import type { State } from "../state.ts";
import { fileName, timeText } from "../file_wording.ts";
import { cells, fit } from "./graphemes.ts";
import { Row } from "./row.ts";

export interface TransfersProps {
  readonly state: State;
  readonly columns: number;
  /** The most rows. */
  readonly rows: number;
}

export function Transfers({ state, columns, rows }: TransfersProps): ReactElement {
  const transfers = [...state.transfers.values()].slice(0, rows);
  return createElement(
    Box,
    { flexDirection: "column" },
    transfers.map((transfer) =>
      createElement(Row, { key: transfer.id, text: transferText(transfer, columns), columns })
    ),
  );
}

/** The widest and the narrowest bar that says something. */
const BAR = { most: 30, least: 8 };

/** `↑ plan.pdf ██████░░░░ 43 % 12.3 MiB/s 9 s left`: name and bar give way where it is narrow. */
export function transferText(transfer: ProgressEvent, columns: number): string {
  const { direction, transferred, size, rate, remaining } = transfer;
  const share = size === 0 ? 1 : Math.min(1, transferred / size);
  const arrow = direction === "up" ? "↑" : "↓";
  const percent = `${Math.floor(100 * share)} %`;
  const speed = rate > 0 ? ` ${formatSize(rate)}/s` : "";
  const left = remaining === undefined ? "" : ` ${timeText(remaining)} left`;
  for (const rest of [`${percent}${speed}${left}`, `${percent}${speed}`, percent]) {
    const room = columns - cells(`${arrow}   ${rest}`);
    const name = fit(fileName(transfer), Math.max(8, Math.floor(room / 2)));
    const width = Math.min(BAR.most, room - cells(name));
    if (width >= BAR.least) return `${arrow} ${name} ${bar(share, width)} ${rest}`;
  }
  return fit(`${arrow} ${percent} ${fileName(transfer)}`, columns);
}

/** `██████░░░░`. */
function bar(share: number, width: number): string {
  const full = Math.floor(share * width);
  return "█".repeat(full) + "░".repeat(width - full);
}
