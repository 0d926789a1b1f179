/** How a client recognises its server: by a function, or by hashes of certificates. */
import { createHash } from "node:crypto";
import { type DialOptions, TransportError, type VerifyPeer } from "./transport.ts";

/** `verify` decides if it is given; else `hashes` do. */
export function verifierOf({ hashes, verify }: DialOptions): VerifyPeer {
  if (verify !== undefined) return verify;
  if (hashes === undefined || hashes.length === 0) {
    throw new TransportError(
      "certificate",
      "Cannot connect without a pin: give `verify`, or the hash of the server's certificate.",
    );
  }
  return (leaf) => {
    const hash = createHash("sha256").update(leaf).digest();
    return hashes.some((acceptable) => hash.equals(acceptable));
  };
}
