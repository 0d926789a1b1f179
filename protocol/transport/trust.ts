/** Whether the server is the one that was meant: what a dialler is given to know it by. */
import { createHash } from "node:crypto";
import { type DialOptions, TransportError, type VerifyPeer } from "./transport.ts";

/** `verify` decides where there is one, since this engine shows certificates; else `hashes` do. */
export function verifierOf({ hashes, verify }: DialOptions): VerifyPeer {
  if (verify !== undefined) return verify;
  if (hashes === undefined || hashes.length === 0) {
    throw new TransportError(
      "certificate",
      "Cannot connect without a way to know the server: give `verify`, or the hash of its " +
        "certificate.",
    );
  }
  return (leaf) => {
    const hash = createHash("sha256").update(leaf).digest();
    return hashes.some((acceptable) => hash.equals(acceptable));
  };
}
