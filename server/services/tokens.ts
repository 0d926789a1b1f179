/**
 * Tokens: what a client signs in with instead of its password, after the first time. They are JWTs
 * (RFC 7519), signed with EdDSA. `server/token_key.ts` keeps the key.
 *
 * A token that verifies was issued by this server and has not expired. Whether its login was ended
 * since is stored: callers of `verify` MUST look the login up (`LoginStore`).
 */
import { base64url, errors, jwtVerify, SignJWT } from "jose";
import { randomBytes } from "@noble/hashes/utils.js";
import { LIMITS } from "../../protocol/limits.ts";

export interface Tokens {
  /** A token for a new login of the account. */
  issue(account: string, now: number): Promise<IssuedToken>;
  /** `undefined` for a token that is not this server's, was changed, or has expired. */
  verify(token: string, now: number): Promise<VerifiedToken | undefined>;
}

interface IssuedToken {
  readonly token: string;
  /** The claim `jti`. */
  readonly loginId: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

interface VerifiedToken {
  readonly loginId: string;
  readonly account: string;
}

export interface TokenOptions {
  /** Names the server in the claim `iss`. A server refuses the tokens of another name. */
  readonly issuer: string;
  /** How long a token is valid. Milliseconds. */
  readonly lifetime?: number;
  readonly random?: (length: number) => Uint8Array;
}

/** The only algorithm that is accepted, whatever a token's header says. */
const ALGORITHM = "EdDSA";
/** Tells these tokens from other JWTs of the same key (RFC 8725, section 3.11). */
const TYPE = "sotto-session+jwt";
const AUDIENCE = "sotto";
const LIFETIME = 30 * 24 * 60 * 60 * 1000;
const ID_BYTES = 16;
/** Signs and verifies with these keys (Ed25519). */
export function makeTokens(
  { privateKey, publicKey }: CryptoKeyPair,
  { issuer, lifetime = LIFETIME, random = randomBytes }: TokenOptions,
): Tokens {
  return {
    async issue(account, now) {
      const loginId = base64url.encode(random(ID_BYTES));
      const issuedAt = Math.floor(now / 1000);
      const expires = issuedAt + Math.floor(lifetime / 1000);
      const token = await new SignJWT()
        .setProtectedHeader({ alg: ALGORITHM, typ: TYPE })
        .setIssuer(issuer)
        .setAudience(AUDIENCE)
        .setSubject(account)
        .setJti(loginId)
        .setIssuedAt(issuedAt)
        .setExpirationTime(expires)
        .sign(privateKey);
      return { token, loginId, expiresAt: expires * 1000 };
    },
    async verify(token, now) {
      if (token.length > LIMITS.token) return undefined;
      try {
        const { payload } = await jwtVerify(token, publicKey, {
          algorithms: [ALGORITHM],
          typ: TYPE,
          issuer,
          audience: AUDIENCE,
          requiredClaims: ["exp", "iat"],
          currentDate: new Date(now),
        });
        const { jti, sub } = payload;
        return typeof jti === "string" && typeof sub === "string"
          ? { loginId: jti, account: sub }
          : undefined;
      } catch (error) {
        if (error instanceof errors.JOSEError) return undefined;
        throw error;
      }
    },
  };
}
