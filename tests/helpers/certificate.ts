/**
 * Certificates for tests and benchmarks: those that the server makes for itself, for the loopback
 * interface, without a folder to keep them in.
 */
import { X509Certificate } from "node:crypto";
import { hashCertificate } from "../../certs/fingerprint.ts";
import { makeCertificate, makePrivateKey } from "../../certs/make.ts";

interface TestCertificate {
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly privateKey: string;
  /** The leaf, DER. */
  readonly der: Uint8Array;
  /** SHA-256 of the leaf. */
  readonly hash: Uint8Array;
}

/** Makes a certificate; each call makes another one. */
export async function makeTestCertificate(): Promise<TestCertificate> {
  const privateKey = await makePrivateKey();
  const names = ["localhost", "127.0.0.1", "::1"];
  const certificate = await makeCertificate(privateKey, names, new Date());
  const der = new Uint8Array(new X509Certificate(certificate).raw);
  return { certificate, privateKey, der, hash: hashCertificate(der) };
}

let shared: Promise<TestCertificate> | undefined;

/** The certificate of this process: made once, for those who do not care which it is. */
export function testCertificate(): Promise<TestCertificate> {
  return shared ??= makeTestCertificate();
}
