/** The names and addresses that a server's own certificate is made for. */
import { hostname } from "node:os";

const EVERY_ADDRESS: ReadonlySet<string> = new Set(["::", "0.0.0.0"]);

/** This machine's name, loopback, and the address that the server listens on, where it is one. */
export function certificateNames(listensOn?: string): string[] {
  const names = new Set([hostname(), "localhost", "127.0.0.1", "::1"]);
  if (listensOn !== undefined && !EVERY_ADDRESS.has(listensOn)) names.add(listensOn);
  return [...names];
}
