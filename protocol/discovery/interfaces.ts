/**
 * Which of the machine's networks to use, and which addresses to announce there. Pure, except for
 * `readInterfaces`.
 */
import { isIPv4, isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import process from "node:process";

/** Multicast does not work here. The message says why, and what would help. */
export class DiscoveryError extends Error {
  override readonly name = "DiscoveryError";
}

export interface NetworkInterface {
  readonly name: string;
  /** Loopback. */
  readonly internal: boolean;
  readonly addresses: readonly string[];
  /** As `192.168.1.5/24`. */
  readonly networks: readonly string[];
  /** How IPv6 names it in `fe80::1%eth0`: a number on Windows. */
  readonly scope: string;
}

/** One interface and one address family: each has a socket. */
export interface Channel {
  readonly interface: NetworkInterface;
  readonly family: "udp4" | "udp6";
  /** The addresses to announce there. */
  readonly addresses: readonly string[];
}

export interface Choice {
  /** Only this interface: its name, or one of its addresses. */
  readonly only?: string | undefined;
  /** The address that the server listens on; `::` is all, `0.0.0.0` all of IPv4. */
  readonly host?: string | undefined;
  /** Use loopback too, even if there are other networks. */
  readonly loopback?: boolean | undefined;
}

/** Containers and virtual machines give some hosts a hundred interfaces. */
const MAX_INTERFACES = 16;
/** Addresses of one family: an answer has to fit one datagram. */
const MAX_ADDRESSES = 4;

/** All interfaces that are up. Throws where the system refuses to tell. */
export function readInterfaces(): NetworkInterface[] {
  return Object.entries(networkInterfaces()).map(([name, entries = []]) => {
    const [scopeId] = entries.flatMap((entry) => entry.family === "IPv6" ? entry.scopeid : []);
    return {
      name,
      internal: entries.some(({ internal }) => internal),
      addresses: entries.map(({ address }) => address),
      networks: entries.flatMap(({ cidr }) => cidr ?? []),
      scope: process.platform === "win32" && scopeId !== undefined ? String(scopeId) : name,
    };
  });
}

export function chooseChannels(
  all: readonly NetworkInterface[],
  { only, host = "::", loopback = false }: Choice,
): Channel[] {
  const isSpecific = host !== "::" && host !== "0.0.0.0";
  const named = all.filter((one) =>
    (only === undefined || one.name === only || one.addresses.includes(only)) &&
    (!isSpecific || one.addresses.includes(host))
  );
  const outward = named.filter(({ internal }) => !internal);
  const chosen = loopback || outward.length === 0 ? named : outward;
  return chosen.slice(0, MAX_INTERFACES).flatMap((one) => {
    const reached = one.addresses.filter((address) => isReachable(address, host));
    return FAMILIES
      .filter((family) => supportsMulticast(one, family))
      .map((family) => ({ interface: one, family, addresses: announcedAddresses(reached) }));
  });
}

const FAMILIES = ["udp4", "udp6"] as const;

function supportsMulticast(
  { internal, addresses }: NetworkInterface,
  family: Channel["family"],
): boolean {
  // IPv6 has no multicast route on loopback.
  return family === "udp4" ? addresses.some(isIPv4) : !internal && addresses.some(isIPv6);
}

function isReachable(address: string, host: string): boolean {
  if (host === "::") return true;
  return host === "0.0.0.0" ? isIPv4(address) : address === host;
}

/** Link-local addresses only where there are no others: to dial one takes the link's name. */
function announcedAddresses(addresses: readonly string[]): string[] {
  const ipv4 = addresses.filter(isIPv4).slice(0, MAX_ADDRESSES);
  const ipv6 = addresses.filter((address) => isIPv6(address) && !isLinkLocal(address));
  const routable = [...ipv4, ...ipv6.slice(0, MAX_ADDRESSES)];
  return routable.length > 0 ? routable : addresses.filter(isLinkLocal).slice(0, MAX_ADDRESSES);
}

/** `fe80::/10`. */
export function isLinkLocal(address: string): boolean {
  return /^fe[89ab]/i.test(address);
}
