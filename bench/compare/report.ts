/** What was measured, as a table, and what it shows, in plain words. Pure. */
import type { BothWays } from "./both_ways.ts";
import type { Delays, Figures } from "./measure.ts";

type Row = readonly [title: string, cell: (figures: Figures) => string];

const ROWS: readonly Row[] = [
  ["1  secure connection, the first", ({ firstHandshake }) => milliseconds(firstHandshake)],
  ["   secure connection, later", ({ handshake }) => milliseconds(handshake)],
  ["2  signed in again after a break", ({ comeBack }) => milliseconds(comeBack)],
  ["3  a message, until it is stored", ({ message }) => delays(message)],
  ["4  messages of 16 KiB, on one stream", ({ oneStream }) => rate(oneStream)],
  ["   a file, on a stream of its own", ({ ownStream }) => rate(ownStream)],
  ["5  a message on the stream of 4", ({ behindOne }) => delays(behindOne)],
  ["   a message beside the file of 4", ({ behindOwn }) => delays(behindOwn)],
];

const TITLE = Math.max(...ROWS.map(([title]) => title.length));
const CELL = 24;

/** A line for each row, and one above them. */
export function table({ quic, tls }: BothWays): string[] {
  const line = (title: string, one: string, other: string) =>
    `${title.padEnd(TITLE)}${one.padStart(CELL)}${other.padStart(CELL)}`;
  return [
    line("", "QUIC (UDP)", "TLS 1.3 (TCP)"),
    ...ROWS.map(([title, cell]) => line(title, cell(quic), cell(tls))),
  ];
}

/** For whoever sees such a table for the first time. */
export const LESSON: readonly string[] = [
  "Three times in a row are: what half of all messages took at most, what 99 of 100 did, and the",
  "longest of all. Every message and every file was stored on the server's disk.",
  "",
  "1  QUIC connects and agrees on keys in one round trip. TLS waits for TCP, then agrees on keys,",
  "   then Sotto asks for its connection: three. Within one machine, where a round trip takes no",
  "   time, only the work is seen.",
  "2  The same, then Sotto's hello and token: two round trips more, for both. With QUIC it is needed",
  "   less often: a connection outlives a change of address, as when a laptop changes networks.",
  "   TCP's is lost with the address.",
  "3  What comes after a lost packet waits until that was sent again, which takes a round trip or",
  "   more: compare the first figure with the last. Both must keep the order of one stream, so that",
  "   neither is spared this.",
  "4  One way, as fast as it goes. Neither is always ahead: TCP is the kernel's work, QUIC the",
  "   program's own. How much a line that loses packets still carries is up to how much a sender",
  "   slows down for each loss; some take it for a full line, some measure the line instead.",
  "5  Head-of-line blocking. The bytes of one stream come in order: what is said last waits for all",
  "   that was said before it, and for whatever of that was lost. So it goes in a chat that sends",
  "   its files where it talks. QUIC has many streams in one connection, and a loss on one of them",
  "   holds up no other: a file gets a stream of its own, and messages pass it by. TCP has one stream",
  "   in each connection: there Sotto opens another connection for each file, which costs row 1 once",
  "   more, and then serves as well. (Within one machine all of this takes turns with the same",
  "   processors and the same disk, which is most of what is seen there.)",
];

function milliseconds(ms: number): string {
  return `${short(ms)} ms`;
}

function delays({ p50, p99, max }: Delays): string {
  return `${short(p50)} / ${short(p99)} / ${short(max)} ms`;
}

function rate(megabytes: number): string {
  return `${short(megabytes)} MB/s`;
}

/** About three digits. */
function short(value: number): string {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}
