/** Texts about files and their transfers. Pure. Names that others chose are made safe here. */
import { safeLabel } from "../../protocol/safe_text.ts";
import { formatSize } from "../../protocol/size.ts";
import { parseConversation } from "../../protocol/names.ts";
import type { FilesEvent, ListedTransfer, OfferEvent, ProgressEvent } from "../events.ts";
import { conversationLabel, placeLabel, userName } from "./labels.ts";
import type { State } from "./state.ts";

/** The most characters of a name. */
const MOST_NAME = 80;

/** The name of a file. */
export function fileName(file: { readonly name?: string | undefined }): string {
  return safeLabel(file.name ?? "", MOST_NAME);
}

/** `[file plan.pdf, 1.2 MiB; /accept 3]`. */
export function offerText(offer: Pick<OfferEvent, "name" | "size" | "number">): string {
  return `[file ${fileName(offer)}, ${formatSize(offer.size)}; /accept ${offer.number}]`;
}

/** `sending plan.pdf (1.2 MiB) to bob`, `receiving plan.pdf (1.2 MiB), resuming at 512.0 KiB`. */
export function startText(state: State, event: ProgressEvent): string {
  const file = `${fileName(event)} (${formatSize(event.size)})`;
  const from = event.transferred === 0 ? "" : `, resuming at ${formatSize(event.transferred)}`;
  return event.direction === "up"
    ? `sending ${file} to ${conversationLabel(state, event.conversation)}${from}`
    : `receiving ${file}${from}`;
}

/** `plan.pdf: 43 %, 12.3 MiB/s, 1 min 20 s left`. */
export function progressText(transfer: Omit<ListedTransfer, "id">): string {
  const { transferred, size, rate, remaining } = transfer;
  const percent = size === 0 ? 100 : Math.floor(100 * transferred / size);
  const left = remaining === undefined ? "" : `, ${durationText(remaining)} left`;
  return `${fileName(transfer)}: ${percent} %, ${formatSize(rate)}/s${left}`;
}

/** A line for each offer and each transfer. */
export function filesTexts(state: State, { offers, transfers }: FilesEvent): string[] {
  if (offers.length + transfers.length === 0) return ["no files"];
  return [
    ...offers.map((offer) =>
      `${offerText(offer)} from ${userName(offer.from)}${placeOf(state, offer.conversation)}`
    ),
    ...transfers.map((transfer) => {
      const verb = transfer.direction === "up" ? "sending" : "receiving";
      return `${transfer.number}: ${verb} ${progressText(transfer)}; /cancel ${transfer.number}`;
    }),
  ];
}

/** ` in #tech`; nothing for a private conversation. */
function placeOf(state: State, conversation: string): string {
  const isPrivate = parseConversation(conversation)?.type === "dm";
  return isPrivate ? "" : ` ${placeLabel(state, conversation)}`;
}

/** `9 s`, `1 min 20 s`, `2 h 5 min`. */
export function durationText(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor(whole % 3600 / 60)} min`;
}
