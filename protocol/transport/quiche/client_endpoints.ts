/** The sockets of clients: a few connections share one, and the last of them closes it. */
import { isIPv6 } from "node:net";
import { Endpoint, type EndpointDependencies } from "./endpoint.ts";

/**
 * A socket's default receive buffer holds about 90 full datagrams. With more connections, a burst to
 * all of them would overflow it.
 */
const CONNECTIONS_PER_SOCKET = 8;

export class ClientEndpoints {
  readonly #parts: EndpointDependencies;
  /** The newest socket for IPv4, and for IPv6. */
  readonly #newest = new Map<string, Endpoint>();

  constructor(parts: EndpointDependencies) {
    this.#parts = parts;
  }

  /** An endpoint for a connection to this IP address. The caller holds it. */
  async take(address: string): Promise<Endpoint> {
    // Bound to every interface, so that the route of a connection may change.
    const hostname = isIPv6(address) ? "::" : "0.0.0.0";
    const newest = this.#newest.get(hostname);
    if (newest !== undefined && newest.holds > 0 && newest.holds < CONNECTIONS_PER_SOCKET) {
      return newest.hold();
    }
    const endpoint = await Endpoint.open(this.#parts, { hostname, port: 0 });
    this.#newest.set(hostname, endpoint);
    return endpoint;
  }
}
