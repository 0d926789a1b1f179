/**
 * Takes the keys of a connection out of quiche, for a key log. quiche writes them into a file of
 * each connection's own, and empties that file first: so it gets one that only this process can find.
 */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TakeKeys } from "../transport.ts";
import type { NativeConnection } from "./native.ts";

/**
 * Begins before the first datagram of a connection whose `Config` has `logKeys`. Returns what hands
 * over the keys when the handshake is done, or has failed: it does so at its first call.
 */
export function recordKeys(quic: NativeConnection, onKeys: TakeKeys | undefined): () => void {
  if (onKeys === undefined) return () => {};
  const folder = mkdtempSync(join(tmpdir(), "sotto-keys-"));
  let record: number | undefined;
  try {
    const path = join(folder, "keys");
    record = openSync(path, "ax+", 0o600);
    quic.setKeylog(path);
  } finally {
    // Both sides have it open. Without a name, it goes when they close it, even after a crash.
    rmSync(folder, { recursive: true });
  }
  return () => {
    if (record === undefined) return;
    const lines = readFileSync(record, "utf8");
    closeSync(record);
    record = undefined;
    if (lines !== "") onKeys(lines);
  };
}
