/** What is left of closed connections, as a table. Pure. */
import { tableOf } from "./markdown.ts";
import type { Held, Remains } from "./measures/remains.ts";

const MIB = 1024 * 1024;

export function remainsSection(all: readonly Remains[], visits: number): string {
  if (all.length === 0) return "";
  const rounds = all[0]?.held.map((_, round) => round) ?? [];
  const columns = (what: string) =>
    rounds.map((round) => `${what} ${round === 0 ? "before" : `after round ${round}`}`);
  const head = ["", ...columns("resident,"), ...columns("heap,"), ...columns("descriptors,")];
  const rows = all.map(({ transport, held }) => {
    const cells = (format: (held: Held) => string) => held.map(format);
    return [
      transport,
      ...cells(({ rss }) => `${(rss / MIB).toFixed(1)} MiB`),
      ...cells(({ heap }) => `${(heap / MIB).toFixed(2)} MiB`),
      ...cells(({ descriptors }) => String(descriptors)),
    ];
  });
  const kept = all.map(({ transport, kept }) => {
    const objects = [...kept].map(([name, more]) => `${more} ${name}`).join(", ");
    return `${transport}: ${objects === "" ? "none" : objects}`;
  });
  return [
    "## What is left of connections that have closed",
    `${visits.toLocaleString("en")} connections in each round sign in, say a line that is ` +
    "acknowledged, and close. Memory is measured once V8 has given back all that it can.",
    tableOf([head, ...rows]),
    `Objects that one more round has added, of classes with more than one for ten connections: ` +
    `${kept.join("; ")}.`,
  ].join("\n\n");
}
