/**
 * Frees the memory of an array now. Left to the garbage collector, what a file leaves behind as it
 * passes adds up to tens of megabytes before it is collected.
 *
 * Nobody MUST look at the array afterwards, nor at another one of the same memory.
 */
export function release({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0);
}
