/**
 * Files in words: what is offered, how far it is across. Pure; names that others gave are made safe
 * here.
 */
import { parseConversation } from "../../protocol/names.ts";
import { safeLabel } from "../../protocol/safe_text.ts";
import { formatSize } from "../../protocol/size.ts";
import type { FilesEvent, ListedTransfer, OfferEvent, ProgressEvent } from "../events.ts";
import type { State } from "./state.ts";
import { inPlace, label, name } from "./wording.ts";

/** Longer names are cut. */
const LONGEST_NAME = 80;

/** The name of a file, as it can be shown. */
export function fileName(file: { readonly name?: string | undefined }): string {
  return safeLabel(file.name ?? "", LONGEST_NAME);
}

/** `[file plan.pdf, 1.2 MiB; /accept 3]`. */
export function offerText(offer: Pick<OfferEvent, "name" | "size" | "number">): string {
  return `[file ${fileName(offer)}, ${formatSize(offer.size)}; /accept ${offer.number}]`;
}

/** `sending plan.pdf (1.2 MiB) to bob`, `receiving plan.pdf (1.2 MiB), from 512.0 KiB on`. */
export function startText(state: State, event: ProgressEvent): string {
  const what = `${fileName(event)} (${formatSize(event.size)})`;
  const from = event.transferred === 0 ? "" : `, from ${formatSize(event.transferred)} on`;
  return event.direction === "up"
    ? `sending ${what} to ${label(state, event.conversation)}${from}`
    : `receiving ${what}${from}`;
}

/** `plan.pdf: 43 %, 12.3 MiB/s, 1 min 20 s left`. */
export function progressText(transfer: Omit<ListedTransfer, "id">): string {
  const { transferred, size, rate, remaining } = transfer;
  const percent = size === 0 ? 100 : Math.floor(100 * transferred / size);
  const left = remaining === undefined ? "" : `, ${timeText(remaining)} left`;
  return `${fileName(transfer)}: ${percent} %, ${formatSize(rate)}/s${left}`;
}

/** A line for each file that is offered or on its way. */
export function filesText(state: State, { offers, transfers }: FilesEvent): string[] {
  if (offers.length + transfers.length === 0) return ["no files"];
  return [
    ...offers.map((offer) => `${offerText(offer)} from ${name(offer.from)}${where(state, offer)}`),
    ...transfers.map((transfer) => {
      const way = transfer.direction === "up" ? "sending" : "receiving";
      return `${transfer.number}: ${way} ${progressText(transfer)}; /cancel ${transfer.number}`;
    }),
  ];
}

/** ` in #tech`; nothing for what is between two. */
function where(state: State, offer: { readonly conversation: string }): string {
  const isPrivate = parseConversation(offer.conversation)?.type === "dm";
  return isPrivate ? "" : ` ${inPlace(state, offer)}`;
}

/** `9 s`, `1 min 20 s`, `2 h 5 min`. */
export function timeText(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor(whole % 3600 / 60)} min`;
}
