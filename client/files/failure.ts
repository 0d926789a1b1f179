/** What a failure of the file system is called: its code, for decisions and for people. Pure. */

/** `ENOENT` and the like; `undefined` for what is no such failure. */
export function codeOf(failure: unknown): string | undefined {
  const code = failure instanceof Error && "code" in failure ? failure.code : undefined;
  return typeof code === "string" ? code : undefined;
}

/** What to tell a person. */
export function reasonOf(failure: unknown): string {
  return codeOf(failure) ?? (failure instanceof Error ? failure.message : String(failure));
}
