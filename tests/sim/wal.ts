/**
 * What of a SQLite database in WAL mode survives a power cut: what was synced, and a part of what
 * was written after that. It reads the index of the log (sqlite.org/walformat.html, section 2) and
 * never opens the database.
 */
import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";

/** A place in the log. */
export interface LogPosition {
  /** Changes when the log begins anew. */
  readonly salt: string;
  /** Frames of committed transactions. */
  readonly frames: number;
  /** Frames that are in the database file, and therefore on the disk. */
  readonly moved: number;
  readonly pageSize: number;
}

const INDEX_HEADER = 100;
const LOG_HEADER = 32;
const FRAME_HEADER = 24;

/** `undefined`: nothing was written yet. */
export function logPosition(file: string): LogPosition | undefined {
  if (!existsSync(`${file}-shm`)) return undefined;
  const header = new Uint8Array(INDEX_HEADER);
  const descriptor = openSync(`${file}-shm`, "r");
  try {
    if (readSync(descriptor, header, 0, INDEX_HEADER, 0) < INDEX_HEADER) return undefined;
  } finally {
    closeSync(descriptor);
  }
  const view = new DataView(header.buffer);
  const pageSize = view.getUint16(14, true);
  return {
    salt: header.subarray(32, 40).join("."),
    frames: view.getUint32(16, true),
    moved: view.getUint32(96, true),
    pageSize: pageSize === 1 ? 65_536 : pageSize,
  };
}

/** Frames of the log that are on the disk for certain, now that `synced` has been synced. */
export function framesOnDisk(now: LogPosition, synced: LogPosition | undefined): number {
  const waited = synced?.salt === now.salt ? synced.frames : 0;
  return Math.max(waited, now.moved);
}

/** Copies a database as a process leaves it that dies: with all that it has committed. */
export function copyDatabase(from: string, to: string): void {
  if (!existsSync(from)) return;
  copyFileSync(from, to);
  if (existsSync(`${from}-wal`)) copyFileSync(`${from}-wal`, `${to}-wal`);
}

/** Puts a file that is no database in the place of one. */
export function damage(file: string): void {
  rmSync(`${file}-wal`, { force: true });
  writeFileSync(file, "damaged ".repeat(200));
}

/** Takes the frames after `frames` from a log, and leaves a piece of the next one. */
export function cutLog(file: string, frames: number, { pageSize }: LogPosition): void {
  const torn = Math.floor(pageSize / 2);
  truncateSync(`${file}-wal`, LOG_HEADER + frames * (FRAME_HEADER + pageSize) + torn);
}
