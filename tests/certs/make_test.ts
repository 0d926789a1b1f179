import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { makeCertificate, makePrivateKey } from "../../certs/make.ts";

const NOW = new Date("2026-11-20T12:00:00Z");

async function make(names: readonly string[]): Promise<X509Certificate> {
  return new X509Certificate(await makeCertificate(await makePrivateKey(), names, NOW));
}

Deno.test("makePrivateKey() makes an ECDSA P-256 key in PKCS #8 PEM, another each time", async () => {
  const pem = await makePrivateKey();
  assert.match(pem, /^-----BEGIN PRIVATE KEY-----\n[\s\S]*\n-----END PRIVATE KEY-----\n$/);
  const key = createPrivateKey(pem);
  assert.equal(key.asymmetricKeyType, "ec");
  assert.equal(key.asymmetricKeyDetails?.namedCurve, "prime256v1");
  assert.notEqual(await makePrivateKey(), pem);
});

Deno.test("makeCertificate() makes a leaf that the key has signed itself", async () => {
  const privateKey = await makePrivateKey();
  const certificate = new X509Certificate(await makeCertificate(privateKey, ["localhost"], NOW));
  assert.equal(certificate.ca, false);
  assert.equal(certificate.subject, "CN=sotto");
  assert.equal(certificate.issuer, certificate.subject);
  assert.ok(certificate.checkPrivateKey(createPrivateKey(privateKey)));
  assert.ok(certificate.verify(certificate.publicKey));
});

Deno.test("makeCertificate() sets CA:FALSE, digitalSignature, serverAuth", async () => {
  const der = Buffer.from((await make(["localhost"])).raw).toString("hex");
  // id-ce OID, critical, value (RFC 5280, sections 4.2.1.9, 4.2.1.3, 4.2.1.12).
  assert.ok(der.includes("0603551d13" + "0101ff" + "04023000"), "basicConstraints");
  assert.ok(der.includes("0603551d0f" + "0101ff" + "040403020780"), "keyUsage");
  assert.ok(der.includes("0603551d25" + "040c300a06082b06010505070301"), "extKeyUsage");
});

Deno.test("makeCertificate() puts names and addresses into the SAN, each once", async () => {
  const names = ["localhost", "127.0.0.1", "::1", "fe80::1%eth0", "bücher.example", "localhost"];
  const san = (await make(names)).subjectAltName ?? "";
  const entries = san.split(", ").sort();
  assert.equal(entries.length, 5, san);
  assert.ok(entries.includes("DNS:localhost"));
  assert.ok(entries.includes("DNS:xn--bcher-kva.example"));
  assert.ok(entries.includes("IP Address:127.0.0.1"));
});

Deno.test("makeCertificate() leaves out names that a certificate cannot have", async () => {
  const certificate = await make(["my laptop", "", "a".repeat(300), "chat.example"]);
  assert.equal(certificate.subjectAltName, "DNS:chat.example");
  assert.equal((await make(["my laptop"])).subjectAltName, undefined);
});

Deno.test("makeCertificate() is valid from the day before, and does not expire", async () => {
  const certificate = await make(["localhost"]);
  assert.equal(new Date(certificate.validFrom).toISOString(), "2026-11-19T12:00:00.000Z");
  assert.equal(new Date(certificate.validTo).toISOString(), "9999-12-31T23:59:59.000Z");
});

Deno.test("makeCertificate() takes a random positive serial of 16 bytes", async () => {
  const one = await make(["localhost"]);
  const other = await make(["localhost"]);
  assert.match(one.serialNumber, /^[4-7][0-9A-F]{31}$/i);
  assert.notEqual(one.serialNumber, other.serialNumber);
});
