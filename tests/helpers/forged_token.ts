/** Tokens that say anything, under the right key: for tests of what a server checks. */
import { Buffer } from "node:buffer";
import { createPrivateKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** What a token says. */
export function decodeToken(
  token: string,
): { header: Record<string, unknown>; claims: Record<string, unknown> } {
  const [header = "", claims = ""] = token.split(".");
  const parse = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString());
  return { header: parse(header), claims: parse(claims) };
}

/** A token signed with the folder's own key, whatever it says. */
export function forgeToken(
  folder: string,
  header: Record<string, unknown>,
  claims: Record<string, unknown>,
): string {
  const jwk = JSON.parse(readFileSync(join(folder, "token-key.json"), "utf8"));
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part(header)}.${part(claims)}`;
  const signature = sign(null, Buffer.from(signed), createPrivateKey({ key: jwk, format: "jwk" }));
  return `${signed}.${signature.toString("base64url")}`;
}
