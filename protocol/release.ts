/**
 * Frees the memory of an array now. The garbage collector would let tens of megabytes accumulate
 * while a file is transferred.
 *
 * The array, and any other view of its memory, MUST NOT be used afterwards.
 */
export function release({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0);
}
