/** The figures of a soak, as Markdown for docs/reliability.md, and whether it passed. Pure. */
import type { Machine } from "../harness/machine.ts";
import { tableOf } from "../markdown.ts";
import type { Held } from "../measures/remains.ts";
import type { Counts } from "./counts.ts";
import type { Sample } from "./sample.ts";
import type { Finding } from "./verdict.ts";

interface Soak {
  readonly engine: string;
  readonly minutes: number;
  readonly clients: number;
  readonly machine: Machine;
  readonly samples: readonly Sample[];
  readonly findings: readonly Finding[];
  readonly counts: Counts;
  /** Before anybody came but the clients that measure, and after all but those have gone. */
  readonly before: Held;
  readonly after: Held;
  /** How many connections stay, and the objects of each class then. */
  readonly staying: number;
  readonly objects: ReadonlyMap<string, number>;
}

const MIB = 1024 * 1024;
/** There is one of each for each connection, its session stream, or a transfer. */
const OF_CONNECTIONS = [
  ...["PeerConnection", "ServerSession", "Outbox", "FrameRateLimiter", "TransferStream"],
  ...["BuiltinConnection", "BuiltinStream", "QuicheConnection", "QuicheStream", "IncomingFile"],
  "FileReader",
];

export function soakReport(soak: Soak): { readonly text: string; readonly passed: boolean } {
  const { before, after, findings, machine, minutes, clients, engine, objects, staying } = soak;
  // The loop that accepts connections holds the last one until the next comes.
  const left = OF_CONNECTIONS.filter((name) => (objects.get(name) ?? 0) > staying + 1);
  const passed = left.length === 0 && findings.every(({ isFlat }) => isFlat);
  const text = [
    `### ${engine}: ${passed ? "flat" : "NOT flat"}`,
    `${clients} people for ${minutes} minutes, on ${machine.date}, ${machine.processor}.`,
    tableOf([["median of", "second quarter", "last quarter", "flat"], ...findings.map(rowOf)]),
    lossText(soak.samples),
    tableOf([
      ["once the garbage was collected", "before", "after all had gone"],
      ["resident memory", mib(before.rss), mib(after.rss)],
      ["V8's heap", mib(before.heap), mib(after.heap)],
      ["descriptors", String(before.descriptors), String(after.descriptors)],
    ]),
    left.length === 0
      ? "No object of a connection was left."
      : `Objects of connections were left: ${
        left.map((name) => `${objects.get(name)} ${name}`).join(", ")
      }; ${staying} clients had stayed.`,
    countsText(soak.counts),
  ].filter((part) => part !== "").join("\n\n");
  return { text, passed };
}

function rowOf({ what, unit, second, last, isFlat }: Finding): string[] {
  const format = (value: number) => `${value.toFixed(1)}${unit === "" ? "" : ` ${unit}`}`;
  return [what, format(second), format(last), isFlat ? "yes" : "**no**"];
}

/** What quiche's addon loses is reported apart: it is known, and not flat. */
function lossText(samples: readonly Sample[]): string {
  const [first, last] = [samples[Math.floor(samples.length / 4)], samples.at(-1)];
  if (first === undefined || last === undefined || last.lost === 0) return "";
  return `Since the end of the first quarter resident memory has grown by ` +
    `${mib(last.rss - first.rss)}. The QUIC addon lost ${mib(last.lost - first.lost)} of that, ` +
    `48 bytes for each datagram that was sent.`;
}

function countsText(counts: Counts): string {
  const errors = Object.entries(counts.errors).map(([code, count]) => `${code} ${count}`);
  return [
    `${counts.visits} visits, of which ${counts.vanished} ended by vanishing; ${counts.moved}`,
    `changes of address; ${counts.silences} silences; ${counts.resumed} sessions taken up again;`,
    `${counts.acks} messages stored, ${counts.messages} shown; ${counts.sent} files sent,`,
    `${counts.received} received. Errors: ${errors.length === 0 ? "none" : errors.join(", ")}.`,
  ].join(" ");
}

function mib(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}
