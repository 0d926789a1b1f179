/**
 * The npm packages that the program needs (`package-lock.json`), and their folders: in
 * `node_modules`, or fetched from npm for another platform.
 */
import { access, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

const NPM = process.platform === "win32" ? "npm.cmd" : "npm";

interface LockEntry {
  readonly version?: string;
  readonly dev?: boolean;
  /** For development, and optional for another package. */
  readonly devOptional?: boolean;
  /** Present on packages of one platform. */
  readonly os?: readonly string[];
}

/** The folders of the packages that every platform needs, from the root: `node_modules/jose`, … */
export async function productionPackages(root: string): Promise<string[]> {
  const entries = Object.entries(await readLock(root));
  return entries
    .filter(([path, { dev, devOptional, os }]) =>
      path !== "" && dev !== true && devOptional !== true && os === undefined
    )
    .map(([path]) => path);
}

/** Calls `use` with the folder of a package: the installed one, or a fetched one. */
export async function withPackage<T>(
  root: string,
  name: string,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const installed = join(root, "node_modules", name);
  if (await isThere(installed)) return await use(installed);
  const entry = (await readLock(root))[`node_modules/${name}`];
  if (entry?.version === undefined) {
    throw new Error(`Cannot find ${name}: package-lock.json does not list it`);
  }
  const temporary = await mkdtemp(join(tmpdir(), "sotto-package-"));
  try {
    await fetchPackage(`${name}@${entry.version}`, temporary);
    return await use(join(temporary, "node_modules", name));
  } finally {
    await rm(temporary, { recursive: true });
  }
}

async function fetchPackage(spec: string, folder: string): Promise<void> {
  console.error(`Fetching ${spec} from npm …`);
  const { success, stderr } = await new Deno.Command(NPM, {
    args: [
      ...["install", "--prefix", folder, "--no-save", "--ignore-scripts", "--loglevel=error"],
      ...["--force", spec], // npm refuses packages of another platform otherwise.
    ],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (success) return;
  const code = /^npm (?:error|ERR!) code (\S+)/m.exec(new TextDecoder().decode(stderr))?.[1];
  throw new Error(
    `Cannot fetch ${spec} from npm (${code ?? "without a reason"}). The executable for that ` +
      "platform needs it: build on a machine that can reach the public npm registry",
  );
}

async function readLock(root: string): Promise<Record<string, LockEntry>> {
  const lock: { packages: Record<string, LockEntry> } = JSON.parse(
    await readFile(join(root, "package-lock.json"), "utf8"),
  );
  return lock.packages;
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(() => true, () => false);
}
