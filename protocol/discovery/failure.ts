/** Multicast does not work here. The message says why, and what would help. */
export class DiscoveryError extends Error {
  override readonly name = "DiscoveryError";
}
