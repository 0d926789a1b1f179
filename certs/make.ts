/**
 * Makes a server's key and its self-signed certificate, in memory.
 *
 * Clients pin the certificate by its hash. Both TLS stacks must accept it nevertheless: ECDSA P-256,
 * a leaf (`CA:FALSE`; rustls refuses others), names and addresses as SAN. Load this module only to
 * make a certificate: loading takes a tenth of a second.
 */
import "reflect-metadata"; // Before @peculiar/x509, which needs it.
import { createPrivateKey, createPublicKey } from "node:crypto";
import { isIP } from "node:net";
import { domainToASCII } from "node:url";
import { bytesToHex, randomBytes } from "@noble/hashes/utils.js";
import * as x509 from "@peculiar/x509";

const KEY = { name: "ECDSA", namedCurve: "P-256" } as const;
const SIGNATURE = { name: "ECDSA", hash: "SHA-256" } as const;
const SUBJECT = "CN=sotto";
const DAY = 24 * 60 * 60 * 1000;
/** "No well-defined expiration date" (RFC 5280, section 4.1.2.5): only the operator changes a pin. */
const NEVER = new Date("9999-12-31T23:59:59Z");
/** RFC 5280, section 4.1.2.2: at most 20 octets. */
const SERIAL_BYTES = 16;
/** RFC 1035, section 2.3.4, and the underscore, which many host names have. */
const HOST = /^(?=.{1,253}$)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/;

/** A new private key: PEM, PKCS #8. */
export async function makePrivateKey(): Promise<string> {
  const { privateKey } = await crypto.subtle.generateKey(KEY, true, ["sign", "verify"]);
  const der = await crypto.subtle.exportKey("pkcs8", privateKey);
  return x509.PemConverter.encode(der, "PRIVATE KEY") + "\n";
}

/**
 * A certificate (PEM) of the key for the names and IP addresses. A name that a certificate cannot
 * have (a host called `my laptop`) is left out: clients check the pin, and the server must start.
 */
export async function makeCertificate(
  privateKey: string,
  names: readonly string[],
  now: Date,
): Promise<string> {
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: makeSerial(),
    name: SUBJECT,
    notBefore: new Date(now.getTime() - DAY), // A client's clock may be behind.
    notAfter: NEVER,
    signingAlgorithm: SIGNATURE,
    keys: await importKeys(privateKey),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      ...alternativeNames(names),
    ],
  });
  return certificate.toString("pem") + "\n";
}

async function importKeys(pem: string): Promise<CryptoKeyPair> {
  const privateKey = createPrivateKey(pem);
  const pkcs8 = privateKey.export({ type: "pkcs8", format: "der" });
  const spki = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  return {
    privateKey: await crypto.subtle.importKey("pkcs8", new Uint8Array(pkcs8), KEY, false, ["sign"]),
    publicKey: await crypto.subtle.importKey("spki", new Uint8Array(spki), KEY, true, ["verify"]),
  };
}

/** Hex. The top bits are 01, so that it is positive and has a constant length. */
function makeSerial(): string {
  const bytes = randomBytes(SERIAL_BYTES);
  const [first = 0] = bytes;
  bytes[0] = (first & 0x3f) | 0x40;
  return bytesToHex(bytes);
}

function alternativeNames(names: readonly string[]): x509.Extension[] {
  const entries = new Map<string, x509.JsonGeneralName>();
  for (const name of names) {
    const entry = alternativeName(name);
    if (entry !== undefined) entries.set(entry.value, entry);
  }
  if (entries.size === 0) return [];
  return [new x509.SubjectAlternativeNameExtension([...entries.values()])];
}

function alternativeName(name: string): { type: "ip" | "dns"; value: string } | undefined {
  const [address = ""] = name.split("%"); // Other machines have other IPv6 zones.
  if (isIP(address) !== 0) return { type: "ip", value: address };
  const ascii = domainToASCII(name);
  return HOST.test(ascii) && isIP(ascii) === 0 ? { type: "dns", value: ascii } : undefined;
}
