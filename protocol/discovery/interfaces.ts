/**
 * Which of the machine's networks to speak on, and which addresses to tell there. Pure, but for
 * `readInterfaces`.
 */
import { isIPv4, isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import process from "node:process";

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

/** Of one interface, one family: a socket each. */
export interface Channel {
  readonly interface: NetworkInterface;
  readonly family: "udp4" | "udp6";
  /** What to tell there. */
  readonly addresses: readonly string[];
}

export interface Choice {
  /** Only this interface: its name, or one of its addresses. */
  readonly only?: string | undefined;
  /** Where the server listens; `::` is everywhere, `0.0.0.0` everywhere by IPv4. */
  readonly host?: string | undefined;
  /** Loopback too, even if there are other networks. */
  readonly loopback?: boolean | undefined;
}

/** Containers and virtual machines give some hosts a hundred interfaces. */
const MOST_INTERFACES = 16;
/** Addresses told of one family: all of an answer has to fit one datagram. */
const MOST_ADDRESSES = 4;

/** All that are up. Throws where the system does not tell. */
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
  const somewhere = host !== "::" && host !== "0.0.0.0";
  const named = all.filter((one) =>
    (only === undefined || one.name === only || one.addresses.includes(only)) &&
    (!somewhere || one.addresses.includes(host))
  );
  const outward = named.filter(({ internal }) => !internal);
  const chosen = loopback || outward.length === 0 ? named : outward;
  return chosen.slice(0, MOST_INTERFACES).flatMap((one) => {
    const reached = one.addresses.filter((address) => isReachedBy(address, host));
    return FAMILIES
      .filter((family) => canSpeak(one, family))
      .map((family) => ({ interface: one, family, addresses: tellable(reached) }));
  });
}

const FAMILIES = ["udp4", "udp6"] as const;

function canSpeak({ internal, addresses }: NetworkInterface, family: Channel["family"]): boolean {
  // IPv6 has no multicast route on loopback.
  return family === "udp4" ? addresses.some(isIPv4) : !internal && addresses.some(isIPv6);
}

function isReachedBy(address: string, host: string): boolean {
  if (host === "::") return true;
  return host === "0.0.0.0" ? isIPv4(address) : address === host;
}

/** Those that hold only on the link, and need its name to be dialled, where there are no others. */
function tellable(addresses: readonly string[]): string[] {
  const ipv4 = addresses.filter(isIPv4).slice(0, MOST_ADDRESSES);
  const ipv6 = addresses.filter((address) => isIPv6(address) && !isLinkLocal(address));
  const told = [...ipv4, ...ipv6.slice(0, MOST_ADDRESSES)];
  return told.length > 0 ? told : addresses.filter(isLinkLocal).slice(0, MOST_ADDRESSES);
}

/** `fe80::/10`. */
export function isLinkLocal(address: string): boolean {
  return /^fe[89ab]/i.test(address);
}
