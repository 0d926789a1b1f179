/** IP addresses for transports: looks names up, and undoes mapped forms. */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { TransportError } from "./transport.ts";

/** Further addresses of a name are not tried. */
const MAX_ADDRESSES = 8;

/** The IP addresses of a name, in the system's order of preference. Throws `TransportError`. */
export async function resolveHosts(hostname: string): Promise<string[]> {
  if (isIP(hostname) !== 0) return [hostname];
  try {
    const found = await lookup(hostname, { all: true });
    return found.slice(0, MAX_ADDRESSES).map(({ address }) => address);
  } catch (cause) {
    throw new TransportError(
      "unreachable",
      `Cannot find the address of ${JSON.stringify(hostname)}: check the name, or use an address.`,
      { cause },
    );
  }
}

/** Undoes the mapping of an IPv4 address by a dual-stack socket (`::ffff:192.0.2.1`). */
export function unmapped(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}
