/** Node 24, which the program must run on too: from PATH, or else from npm. */

let found: Promise<string> | undefined;

/** The path of its executable; looked for once. */
export function node24(): Promise<string> {
  return found ??= find();
}

async function find(): Promise<string> {
  const print = ["-p", "process.versions.node.split('.')[0] + ' ' + process.execPath"];
  const [version, path] = await output("node", print).catch(() => [] as string[]);
  if (version === "24" && path !== undefined) return path;
  const [, fetched] = await output("npx", ["--yes", "node@24", ...print]);
  if (fetched === undefined) throw new Error("npx has not told where node@24 is");
  return fetched;
}

async function output(command: string, args: readonly string[]): Promise<string[]> {
  const { stdout, success, stderr } = await new Deno.Command(command, { args: [...args] }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim().split(" ");
}
