/**
 * Collects the parts of an executable in a temporary folder: the program's sources, the code of the
 * packages it needs, the addon of one platform, and the commit.
 */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { productionPackages, withPackage } from "./packages.ts";
import type { Target } from "./targets.ts";

/** Folders of the checkout that are not part of the program. Every other folder is. */
const NOT_SHIPPED = new Set([
  "bench",
  "dist",
  "docs",
  "examples",
  "node_modules",
  "scripts",
  "tests",
]);
/** Folders in those that are part of the program all the same: main.ts loads them. */
const SHIPPED = ["bench/compare", "examples/demo"];
/** The licences of all packages, in one file. Nothing but code is copied from packages. */
export const LICENCES = "licences.txt";

/** Is in every executable, so that its licence is too. */
const RUNTIME = "node_modules/deno";
const RUNS = /\.(js|cjs|mjs|json|node|ts)$/;
const DECLARES = /\.d\.ts$/;

interface Stage extends AsyncDisposable {
  readonly folder: string;
}

/** Makes the folder from the checkout at `root`. */
export async function makeStage(
  root: string,
  target: Target,
  commit: string | undefined,
): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), "sotto-stage-"));
  const stage = { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
  try {
    for (const part of ["main.ts", ...await folders(root), ...SHIPPED]) {
      await copy(join(root, part), join(folder, part));
    }
    const licences = [await readLicence(join(root, RUNTIME), RUNTIME)];
    for (const path of await productionPackages(root)) {
      await copy(join(root, path), join(folder, path));
      licences.push(await readLicence(join(root, path), path));
    }
    const { addon } = target;
    if (addon !== undefined) {
      await withPackage(root, addon, (from) => copy(from, join(folder, "node_modules", addon)));
    }
    await writeFile(join(folder, LICENCES), licences.join("\n"));
    await cp(join(root, "LICENSE"), join(folder, "LICENSE"));
    await writeManifests(root, folder);
    await bakeCommit(folder, commit);
    return stage;
  } catch (error) {
    await stage[Symbol.asyncDispose]();
    throw error;
  }
}

async function folders(root: string): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .map(({ name }) => name)
    .filter((name) => !NOT_SHIPPED.has(name));
}

/** Copies code: no types, source maps, documents and licences. */
async function copy(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await cp(from, to, {
    recursive: true,
    async filter(source) {
      // The lock file lists the packages in a package's node_modules by themselves.
      if (source.slice(from.length).includes("node_modules")) return false;
      return (await stat(source)).isDirectory() || RUNS.test(source) && !DECLARES.test(source);
    },
  });
}

async function readLicence(folder: string, path: string): Promise<string> {
  const name = (await readdir(folder)).find((name) => /^(licen[cs]e|copying)/i.test(name));
  const { license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const text = name === undefined ? "" : await readFile(join(folder, name), "utf8");
  return `== ${path.replace(/^.*node_modules\//, "")} (${license})\n\n${text}`;
}

/** Writes what resolving imports needs. */
async function writeManifests(root: string, folder: string): Promise<void> {
  const { name, version, license, type, dependencies } = JSON.parse(
    await readFile(join(root, "package.json"), "utf8"),
  );
  const { nodeModulesDir, unstable, lock } = JSON.parse(
    await readFile(join(root, "deno.json"), "utf8"),
  );
  await writeJson(join(folder, "package.json"), { name, version, license, type, dependencies });
  await writeJson(join(folder, "deno.json"), { nodeModulesDir, unstable, lock });
}

async function bakeCommit(folder: string, commit: string | undefined): Promise<void> {
  const path = join(folder, "cli", "version.ts");
  const source = await readFile(path, "utf8");
  const baked = source.replace(
    "const COMMIT: string | undefined = undefined;",
    `const COMMIT: string | undefined = ${JSON.stringify(commit)};`,
  );
  if (commit !== undefined && baked === source) {
    throw new Error(`Cannot put the commit into ${path}`);
  }
  await writeFile(path, baked);
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(path, JSON.stringify(value, null, 2) + "\n");
}
