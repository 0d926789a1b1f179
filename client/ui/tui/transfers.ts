/** Files that are being sent or received, each with a progress bar. Pure. */
import { formatSize } from "../../../protocol/size.ts";
import type { ProgressEvent } from "../../events.ts";
import type { State } from "../state.ts";
import { durationText, fileName } from "../file_text.ts";
import { cells, fit } from "./graphemes.ts";

/** Cells of a progress bar. */
const BAR = { most: 30, least: 8 };
/** Cells that the name of a file always has. */
const LEAST_NAME = 8;

/** A row for each of the oldest transfers. */
export function transferRows(state: State, rows: number, columns: number): string[] {
  const transfers = [...state.transfers.values()].slice(0, rows);
  return transfers.map((transfer) => transferText(transfer, columns));
}

/** `↑ plan.pdf ██████░░░░ 43 % 12.3 MiB/s 9 s left`. In a narrow window details are left out. */
export function transferText(transfer: ProgressEvent, columns: number): string {
  const { direction, transferred, size, rate, remaining } = transfer;
  const share = size === 0 ? 1 : Math.min(1, transferred / size);
  const arrow = direction === "up" ? "↑" : "↓";
  const percent = `${Math.floor(100 * share)} %`;
  const speed = rate > 0 ? ` ${formatSize(rate)}/s` : "";
  const left = remaining === undefined ? "" : ` ${durationText(remaining)} left`;
  for (const details of [`${percent}${speed}${left}`, `${percent}${speed}`, percent]) {
    const room = columns - cells(`${arrow}   ${details}`);
    const name = fit(fileName(transfer), Math.max(LEAST_NAME, Math.floor(room / 2)));
    const width = Math.min(BAR.most, room - cells(name));
    if (width >= BAR.least) return `${arrow} ${name} ${bar(share, width)} ${details}`;
  }
  return fit(`${arrow} ${percent} ${fileName(transfer)}`, columns);
}

/** `██████░░░░`. */
function bar(share: number, width: number): string {
  const full = Math.floor(share * width);
  return "█".repeat(full) + "░".repeat(width - full);
}
