/**
 * Which protocol versions and optional features this program has, and how one is chosen. The ALPN
 * token `sotto/1` fixes the framing; what the frames mean is agreed here, in `hello` and `welcome`.
 */
import { ProtocolError } from "./errors.ts";

/** Names the wire format to TLS (RFC 7301): frames of `codec.ts`, with the session on stream 0. */
export const ALPN = "sotto/1";

/** The versions that this program speaks. */
export const VERSIONS: readonly number[] = [1];

/** Optional parts of a version; those that both ends name are in use. Version 1 has none yet. */
export const FEATURES: readonly string[] = [];

/** The highest version that both have. Throws `no_common_version`, naming both lists. */
export function chooseVersion(ours: readonly number[], theirs: readonly number[]): number {
  const common = ours.filter((version) => theirs.includes(version));
  if (common.length === 0) {
    throw new ProtocolError(
      "no_common_version",
      `No common protocol version: the client has [${theirs.join(", ")}], ` +
        `the server has [${ours.join(", ")}].`,
    );
  }
  return Math.max(...common);
}

/** The features that both have, in our order. */
export function commonFeatures(ours: readonly string[], theirs: readonly string[]): string[] {
  return ours.filter((feature) => theirs.includes(feature));
}
