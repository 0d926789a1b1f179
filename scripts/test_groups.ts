/** Puts test files into groups, each of which runs in one process. Pure. */

interface TestGroup {
  readonly name: string;
  readonly files: readonly string[];
}

/** It builds the executable first: `npm run test:executable` runs it. */
const EXCLUDED = "tests/e2e/executable_test.ts";

/** Folders whose files run in a process each, because they take long. */
const SEPARATE = ["tests/e2e/", "tests/protocol/transport/"];

/** What takes longest starts first, so that no process is left with it at the end. */
const FIRST = [
  "tests/e2e/tui_test.ts",
  "tests/e2e/client_test.ts",
  "tests/e2e/send_test.ts",
];

/** The groups of these files, in the order in which they should start. */
export function groupTests(paths: readonly string[]): TestGroup[] {
  const groups = new Map<string, string[]>();
  for (const path of paths.filter((path) => /_test\.tsx?$/.test(path) && path !== EXCLUDED)) {
    const name = groupOf(path);
    groups.set(name, [...groups.get(name) ?? [], path]);
  }
  const rank = (name: string) => FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length;
  return [...groups]
    .map(([name, files]) => ({ name, files: files.toSorted() }))
    .toSorted((one, other) => rank(one.name) - rank(other.name));
}

function groupOf(path: string): string {
  if (SEPARATE.some((folder) => path.startsWith(folder))) return path;
  const [, part = ""] = path.split("/");
  return part.endsWith(".ts") ? "tests" : `tests/${part}`;
}
