/** An address as people write it. Pure. */

/** Of a server, where none is given: UDP for QUIC, and TCP for TLS. */
export const DEFAULT_PORT = 4433;

/** `host:port`, or `host` alone; an IPv6 address gets brackets (RFC 3986, section 3.2.2). */
export function formatHostPort(host: string, port?: number): string {
  const bracketed = host.includes(":") ? `[${host}]` : host;
  return port === undefined ? bracketed : `${bracketed}:${port}`;
}
