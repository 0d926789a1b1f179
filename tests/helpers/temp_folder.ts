/** An empty folder, until the end of the scope. */
interface TempFolder extends AsyncDisposable {
  readonly path: string;
}

export async function tempFolder(): Promise<TempFolder> {
  const path = await Deno.makeTempDir({ prefix: "sotto-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** The same for a whole test. */
export async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  await using folder = await tempFolder();
  await test(folder.path);
}
