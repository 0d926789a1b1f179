/**
 * Certificates for tests: the form that Sotto makes for itself (ECDSA P-256, self-signed, `CA:FALSE`),
 * without touching a disk.
 */
import "reflect-metadata";
import {
  BasicConstraintsExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

export interface TestCertificate {
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly privateKey: string;
  /** The leaf, DER. */
  readonly der: Uint8Array;
  /** SHA-256 of the leaf. */
  readonly hash: Uint8Array;
}

const DAY = 24 * 60 * 60 * 1000;

/** Makes a certificate for the loopback interface; each call makes another one. */
export async function makeTestCertificate(): Promise<TestCertificate> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: "CN=sotto test",
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() - DAY),
    notAfter: new Date(Date.now() + DAY),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new SubjectAlternativeNameExtension([
        { type: "dns", value: "localhost" },
        { type: "ip", value: "127.0.0.1" },
        { type: "ip", value: "::1" },
      ]),
    ],
  });
  const der = new Uint8Array(certificate.rawData);
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    certificate: certificate.toString("pem"),
    privateKey: PemConverter.encode(pkcs8, "PRIVATE KEY"),
    der,
    hash: new Uint8Array(await crypto.subtle.digest("SHA-256", der)),
  };
}

let shared: Promise<TestCertificate> | undefined;

/** The certificate of this test process: made once, for tests that do not care which it is. */
export function testCertificate(): Promise<TestCertificate> {
  return shared ??= makeTestCertificate();
}
