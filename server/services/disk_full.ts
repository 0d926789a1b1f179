/** A full disk, in the words of the protocol: the client is told, and nothing is logged as a fault. */
import { ProtocolError } from "../../protocol/errors.ts";
import { StoreError } from "../store/error.ts";

/** Throws `disk_full` in place of the store's error. */
export async function orDiskFull<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const isFull = error instanceof StoreError && error.code === "disk_full";
    throw isFull ? new ProtocolError("disk_full") : error;
  }
}
