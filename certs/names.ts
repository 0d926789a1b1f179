/** The names and addresses in a server's own certificate. */
import { hostname } from "node:os";

const EVERY_ADDRESS: ReadonlySet<string> = new Set(["::", "0.0.0.0"]);

/** This machine's name, loopback, and the address to listen on unless it is a wildcard. */
export function certificateNames(listensOn?: string): string[] {
  const names = new Set([hostname(), "localhost", "127.0.0.1", "::1"]);
  if (listensOn !== undefined && !EVERY_ADDRESS.has(listensOn)) names.add(listensOn);
  return [...names];
}
