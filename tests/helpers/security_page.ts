/**
 * `docs/security.md` as passages: what stands before a reference to tests, or before a comment that
 * says why there is none. It knows Markdown only as far as that page uses it, and runs no test.
 */

/**
 * Why a passage has no test. `weakness`: what somebody can do, and nothing in Sotto prevents.
 * `advice`: what a person should do. `outside`: what is true of something else than Sotto. `about`:
 * whom a section is about, or how to read the page.
 */
const MARKS = new Set(["weakness", "advice", "outside", "about"]);

interface Passage {
  readonly heading: string;
  readonly text: string;
  readonly labels: readonly string[];
  readonly mark: string | undefined;
}

interface NamedTest {
  readonly label: string;
  readonly path: string;
  readonly name: string;
}

interface SecurityPage {
  readonly passages: readonly Passage[];
  readonly tests: readonly NamedTest[];
  /** What stands under "The tests" and is not in the form of a reference. */
  readonly unread: readonly string[];
}

const TESTS_HEADING = "The tests";

export function readSecurityPage(markdown: string): SecurityPage {
  const passages: Passage[] = [];
  const tests: NamedTest[] = [];
  const unread: string[] = [];
  for (const part of markdown.split(/^#+ /m).slice(1)) {
    const [heading = "", ...lines] = part.split("\n");
    if (heading === TESTS_HEADING) readTests(lines, tests, unread);
    else passages.push(...blocksOf(lines).flatMap((block) => passagesOf(heading, block)));
  }
  return { passages, tests, unread };
}

/** What is wrong with a page whose tests all exist: each passage needs a test, or says why not. */
export function faultsOf({ passages, tests, unread }: SecurityPage): string[] {
  const known = new Set(tests.map(({ label }) => label));
  const used = new Set(passages.flatMap(({ labels }) => labels));
  return [
    ...passages.flatMap((passage) => {
      const fault = faultOf(passage, known);
      return fault === undefined ? [] : [`${passage.heading}: ${fault}: ${passage.text}`];
    }),
    ...[...known].filter((label) => !used.has(label)).map((label) => `[^${label}] is not used`),
    ...unread.map((line) => `not read: ${line}`),
  ];
}

function faultOf({ text, labels, mark }: Passage, known: Set<string>): string | undefined {
  const unknown = labels.find((label) => !known.has(label));
  if (unknown !== undefined) return `[^${unknown}] is not defined`;
  if (mark === undefined) return labels.length === 0 ? "no test" : undefined;
  if (!MARKS.has(mark)) return `unknown mark ${mark}`;
  if (/\*\*Cannot\b/i.test(text)) return "a promise without a test";
  const isBound = mark !== "outside" && /(?<![\w.-])\d/.test(text.replaceAll(/`[^`]*`/g, ""));
  return isBound ? "a number without a test" : undefined;
}

/** Paragraphs, items of lists and rows of tables, each on one line. */
function blocksOf(lines: readonly string[]): string[] {
  const blocks: string[][] = [];
  let block: string[] = [];
  let rows = 0;
  for (const line of lines.map((line) => line.trim())) {
    const isRow = line.startsWith("|");
    rows = isRow ? rows + 1 : 0;
    if (isRow || line === "" || line.startsWith("- ")) blocks.push(block = []);
    if (line !== "" && rows !== 1 && rows !== 2) block.push(line);
  }
  return blocks.filter((lines) => lines.length > 0).map((lines) => lines.join(" "));
}

/** A row that begins with a link to a section of the page says in short what stands there. */
function passagesOf(heading: string, block: string): Passage[] {
  if (/^\| \[[^\]]+\]\(#[\w-]+\) +\|/.test(block)) return [];
  const text = block.replaceAll(/^\||\|$/g, "").replaceAll(/ +/g, " ");
  const parts = text.split(/((?:\[\^[\w-]+\])+|<!-- .*? -->)/);
  const passages: Passage[] = [];
  for (let at = 0; at < parts.length; at += 2) {
    const [text = "", end = ""] = [parts[at]?.trim(), parts[at + 1]];
    if (text === "" && end === "") continue;
    passages.push({
      heading,
      text,
      labels: [...end.matchAll(/\[\^([\w-]+)\]/g)].map(([, label = ""]) => label),
      mark: /^<!-- (.*) -->$/.exec(end)?.[1],
    });
  }
  return passages;
}

/** Reads the references: a label, and under it a line for each test. */
function readTests(lines: readonly string[], tests: NamedTest[], unread: string[]): void {
  let label: string | undefined;
  for (const line of lines) {
    const start = /^\[\^([\w-]+)\]:$/.exec(line)?.[1];
    const [, path, name] = /^ {4}- `([\w./]+)`: "(.+)"$/.exec(line) ?? [];
    if (start !== undefined) label = start;
    else if (path !== undefined && name !== undefined && label !== undefined) {
      tests.push({ label, path, name });
    } else if (label !== undefined && line !== "" && !/^<!-- .* -->$/.test(line)) unread.push(line);
  }
}
