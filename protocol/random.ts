/** Bytes that nobody can guess: the machine's own, for those who are given no others. */
export function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(length));
}
