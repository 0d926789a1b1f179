/**
 * Retry tokens (RFC 9000, section 8.1.2). A client that sends one back proves that its address is its
 * own, and the server keeps nothing until then. No I/O, no clock.
 */
import { createHmac, timingSafeEqual } from "node:crypto";

/** Milliseconds that a token is valid. */
export const TOKEN_LIFETIME = 10_000;
const TIME_LENGTH = 8;
const TAG_LENGTH = 32;
const MAX_ID_LENGTH = 20;

/** What a token proves. The HMAC covers all of it. */
interface RetryClaim {
  /** When the Retry was sent, in whole milliseconds. */
  readonly time: number;
  /** The client's address. */
  readonly hostname: string;
  readonly port: number;
  /** The destination ID of the client's first Initial packet, which the handshake must repeat. */
  readonly originalId: Uint8Array;
  /** The server's new ID in the Retry, which the client must use. */
  readonly retryId: Uint8Array;
}

/** Makes a token: the time, the original ID with its length, and an HMAC of the whole claim. */
export function makeRetryToken(key: Uint8Array, claim: RetryClaim): Uint8Array {
  const { originalId, time } = claim;
  const token = new Uint8Array(TIME_LENGTH + 1 + originalId.length + TAG_LENGTH);
  new DataView(token.buffer).setBigUint64(0, BigInt(time));
  token[TIME_LENGTH] = originalId.length;
  token.set(originalId, TIME_LENGTH + 1);
  token.set(tagOf(key, claim), TIME_LENGTH + 1 + originalId.length);
  return token;
}

/** The claim of a token; `undefined` unless it is valid for this key, address, ID and time. */
export function checkRetryToken(
  key: Uint8Array,
  token: Uint8Array,
  seen: Omit<RetryClaim, "time" | "originalId"> & { readonly now: number },
): RetryClaim | undefined {
  const idLength = token[TIME_LENGTH];
  if (idLength === undefined || idLength > MAX_ID_LENGTH) return undefined;
  if (token.length !== TIME_LENGTH + 1 + idLength + TAG_LENGTH) return undefined;
  const view = new DataView(token.buffer, token.byteOffset, token.length);
  const { hostname, port, retryId, now } = seen;
  const claim: RetryClaim = {
    time: Number(view.getBigUint64(0)),
    hostname,
    port,
    originalId: token.slice(TIME_LENGTH + 1, TIME_LENGTH + 1 + idLength),
    retryId,
  };
  if (!(claim.time <= now && now <= claim.time + TOKEN_LIFETIME)) return undefined;
  const tag = token.subarray(TIME_LENGTH + 1 + idLength);
  return timingSafeEqual(tag, tagOf(key, claim)) ? claim : undefined;
}

function tagOf(key: Uint8Array, claim: RetryClaim): Uint8Array {
  // The length of each part is fixed or stated, so that no two claims give the same input.
  const { time, hostname, port, originalId, retryId } = claim;
  return createHmac("sha256", key)
    .update(`${time} ${hostname} ${port} ${originalId.length} ${retryId.length} `)
    .update(originalId)
    .update(retryId)
    .digest();
}
