/** Code of the program as a browser would load it: bundled by esbuild, with nothing left outside. */
import { fileURLToPath } from "node:url";
import { type BuildFailure, type BuildOptions, buildSync } from "esbuild";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** What Node and Deno have, and browsers have not. */
const FOREIGN = ["Buffer", "Deno", "__dirname", "__filename", "process", "setImmediate"];

interface BrowserBundle {
  /** A script that defines `bundle`, with all exports. */
  readonly code: string;
  /** The files in it, from the root. */
  readonly inputs: readonly string[];
  /** What would not work in a browser. */
  readonly problems: readonly string[];
}

/** Bundles a module of this text, which stands at the root. */
export function bundleForBrowsers(contents: string): BrowserBundle {
  // esbuild replaces free uses alone: not members, nor variables of these names.
  const marks = FOREIGN.flatMap((name) => [name, `globalThis.${name}`])
    .map((name) => [name, `FOREIGN_${name.replace(".", "_")}`] as const);
  const options = {
    stdin: { contents, resolveDir: ROOT, loader: "ts" },
    absWorkingDir: ROOT,
    bundle: true,
    define: Object.fromEntries(marks),
    format: "iife",
    globalName: "bundle",
    legalComments: "none",
    logLevel: "silent",
    metafile: true,
    platform: "browser",
    target: "esnext",
    write: false,
  } as const satisfies BuildOptions;
  try {
    const { outputFiles: [output], metafile, warnings } = buildSync(options);
    const code = output?.text ?? "";
    return {
      code,
      inputs: Object.keys(metafile.inputs),
      problems: [
        ...warnings.map(({ text }) => text),
        ...marks.filter(([, mark]) => code.includes(mark)).map(([name]) => `It uses ${name}`),
      ],
    };
  } catch (failure) {
    if (!isBuildFailure(failure)) throw failure;
    return { code: "", inputs: [], problems: failure.errors.map(({ text }) => text) };
  }
}

function isBuildFailure(failure: unknown): failure is BuildFailure {
  return failure instanceof Error && "errors" in failure;
}
