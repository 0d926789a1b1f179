/**
 * The protocol versions and optional features of this program, and how both ends choose. The ALPN
 * token `sotto/1` fixes the framing. `hello` and `welcome` agree on what the frames mean.
 */
import { ProtocolError } from "./errors.ts";

/** The name of the wire format in TLS (RFC 7301). */
export const ALPN = "sotto/1";

/** The versions that this program supports. */
export const VERSIONS: readonly number[] = [1];

/** Optional parts of a version. Those that both ends name are used. Version 1 has none yet. */
export const FEATURES: readonly string[] = [];

/** The highest common version. Throws `no_common_version`, with both lists. */
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

/** The common features, in our order. */
export function commonFeatures(ours: readonly string[], theirs: readonly string[]): string[] {
  return ours.filter((feature) => theirs.includes(feature));
}
