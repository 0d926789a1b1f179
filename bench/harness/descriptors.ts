/** How many files, sockets and pipes a process has open, as Linux tells; NaN elsewhere. */
import { readdir } from "node:fs/promises";

export async function countDescriptors(pid: number): Promise<number> {
  try {
    return (await readdir(`/proc/${pid}/fd`)).length;
  } catch {
    return NaN;
  }
}
