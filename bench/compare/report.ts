/** The table of what was measured, and what it shows. Pure. */
import type { BothTransports } from "./both_transports.ts";
import type { Delays, Figures } from "./measure.ts";

type Row = readonly [title: string, cell: (figures: Figures) => string];

const ROWS: readonly Row[] = [
  ["1  secure connection, the first", ({ firstHandshake }) => milliseconds(firstHandshake)],
  ["   secure connection, later", ({ handshake }) => milliseconds(handshake)],
  ["2  signed in again after a break", ({ reconnect }) => milliseconds(reconnect)],
  ["3  a message, until it is stored", ({ message }) => delays(message)],
  ["4  messages of 16 KiB, on one stream", ({ oneStream }) => rate(oneStream)],
  ["   a file, on a stream of its own", ({ ownStream }) => rate(ownStream)],
  ["5  a message on the stream of 4", ({ behindOne }) => delays(behindOne)],
  ["   a message beside the file of 4", ({ behindOwn }) => delays(behindOwn)],
];

const TITLE = Math.max(...ROWS.map(([title]) => title.length));
/** Characters of a column, and between two columns at least. */
const CELL = 24;
const GAP = 2;

/** A line for each row, below a line of headings. */
export function table({ quic, tls }: BothTransports): string[] {
  const cells = ROWS.map(([title, cell]) => [title, cell(quic), cell(tls)] as const);
  const width = Math.max(
    CELL,
    ...cells.flatMap(([, ...row]) => row.map(({ length }) => length + GAP)),
  );
  const line = (title: string, one: string, other: string) =>
    `${title.padEnd(TITLE)}${one.padStart(width)}${other.padStart(width)}`;
  return [line("", "QUIC (UDP)", "TLS 1.3 (TCP)"), ...cells.map((row) => line(...row))];
}

/** Explains the rows. */
export const EXPLANATION: readonly string[] = [
  "Three times in a row are the median, the 99th percentile and the maximum. The server stored every",
  "message and every file on its disk.",
  "",
  "1  QUIC connects and agrees on keys in one round trip. TLS waits for TCP, then agrees on keys, and",
  "   then Sotto opens its connection: three round trips. On loopback a round trip takes no time, and",
  "   the figures show only the work.",
  "2  Row 1, then Sotto's hello and token: two more round trips for both. QUIC needs this less often.",
  "   A QUIC connection survives a change of address, as when a laptop changes networks. A TCP",
  "   connection does not.",
  "3  What follows a lost packet waits until that packet was sent again, which takes a round trip or",
  "   more: compare the median with the maximum. Both transports keep the order within a stream, so",
  "   this affects both.",
  "4  Throughput in one direction. Neither transport is always faster: the kernel does TCP's work,",
  "   the program does QUIC's. How much a link that loses packets still carries depends on congestion",
  "   control: some algorithms slow down at each loss, others measure the link.",
  "5  Head-of-line blocking. A stream delivers its bytes in order, so a message waits for everything",
  "   that was sent before it on the same stream, lost packets included. That happens in a chat that",
  "   sends files and messages on one stream. QUIC has many streams in one connection, and a loss on",
  "   one does not delay the others: a file gets its own stream, and messages overtake it. TCP has one",
  "   stream in each connection, so over TLS Sotto opens another connection for each file. That costs",
  "   row 1 once more, and then works as well. (On loopback, both transports wait for the same",
  "   processors and the same disk, which explains most of these figures.)",
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

/** Rounds to about three digits. */
function short(value: number): string {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}
