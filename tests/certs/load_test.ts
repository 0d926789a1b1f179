import assert from "node:assert/strict";
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { join } from "node:path";
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { fingerprint } from "../../certs/fingerprint.ts";
import { CertificateError, loadCertificate, loadOrMakeCertificate } from "../../certs/load.ts";
import { makeCertificate, makePrivateKey } from "../../certs/make.ts";
import { PrivateFileError } from "../../certs/private_file.ts";

const NOW = new Date("2026-11-20T12:00:00Z");
const NAMES = ["localhost", "127.0.0.1"];

interface Folder extends AsyncDisposable {
  readonly path: string;
  write(name: string, text: string, mode?: number): Promise<string>;
}

async function makeFolder(): Promise<Folder> {
  const path = await Deno.makeTempDir();
  return {
    path,
    async write(name, text, mode = 0o600) {
      const file = join(path, name);
      await Deno.writeTextFile(file, text);
      await Deno.chmod(file, mode);
      return file;
    },
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

async function modeOf(path: string): Promise<number> {
  return ((await Deno.stat(path)).mode ?? 0) & 0o777;
}

/** A certificate made by OpenSSL, with content that ours never has. */
async function makeForeign(
  { ca, algorithm }: { ca: boolean; algorithm: EcKeyGenParams | Algorithm },
): Promise<{ certificate: string; privateKey: string }> {
  const keys = await crypto.subtle.generateKey(algorithm, true, [
    "sign",
    "verify",
  ]) as CryptoKeyPair;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=foreign",
    notBefore: new Date("2026-01-01"),
    notAfter: new Date("2026-06-01"),
    signingAlgorithm: algorithm.name === "ECDSA" ? { name: "ECDSA", hash: "SHA-256" } : algorithm,
    keys,
    extensions: [new x509.BasicConstraintsExtension(ca, undefined, true)],
  });
  const der = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    certificate: certificate.toString("pem"),
    privateKey: x509.PemConverter.encode(der, "PRIVATE KEY"),
  };
}

const P256: EcKeyGenParams = { name: "ECDSA", namedCurve: "P-256" };

function failsWith(code: string, ...hints: RegExp[]): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof CertificateError || error instanceof PrivateFileError, `${error}`);
    assert.equal(error.code, code);
    for (const hint of hints) assert.match(error.message, hint);
    return true;
  };
}

Deno.test("loadOrMakeCertificate() makes a certificate once, in a private folder", async () => {
  await using temp = await makeFolder();
  const folder = join(temp.path, "share", "sotto");
  const made = await loadOrMakeCertificate(folder, NAMES, NOW);
  assert.equal(made.pin, fingerprint(new X509Certificate(made.certificate).raw));
  assert.deepEqual(made.warnings, []);
  assert.equal(await modeOf(folder), 0o700);
  assert.equal(await modeOf(join(folder, "key.pem")), 0o600);
  assert.deepEqual(await loadOrMakeCertificate(folder, ["other.example"], NOW), made);
  const files = Array.from(Deno.readDirSync(folder), (entry) => entry.name).sort();
  assert.deepEqual(files, ["cert.pem", "key.pem"]);
});

Deno.test("loadOrMakeCertificate() gives all processes that start at once the same certificate", async () => {
  await using temp = await makeFolder();
  const starts = Array.from({ length: 8 }, () => loadOrMakeCertificate(temp.path, NAMES, NOW));
  const [first, ...others] = await Promise.all(starts);
  for (const other of others) assert.deepEqual(other, first);
});

Deno.test("loadOrMakeCertificate() continues after an interrupted start", async () => {
  await using temp = await makeFolder();
  const privateKey = await makePrivateKey();
  await temp.write("key.pem", privateKey);
  const made = await loadOrMakeCertificate(temp.path, NAMES, NOW);
  assert.equal(made.privateKey, privateKey);
});

Deno.test("loadOrMakeCertificate() does not replace a lost key or a damaged file", async () => {
  await using temp = await makeFolder();
  const { certificate } = await loadOrMakeCertificate(temp.path, NAMES, NOW);
  await Deno.remove(join(temp.path, "key.pem"));
  await assert.rejects(
    loadOrMakeCertificate(temp.path, NAMES, NOW),
    failsWith("missing", /key\.pem/),
  );
  await temp.write("key.pem", "");
  await assert.rejects(loadOrMakeCertificate(temp.path, NAMES, NOW), failsWith("malformed"));
  assert.equal(await Deno.readTextFile(join(temp.path, "cert.pem")), certificate);
});

Deno.test("loadOrMakeCertificate() refuses a folder that others may write to", async () => {
  await using temp = await makeFolder();
  await Deno.chmod(temp.path, 0o777);
  await assert.rejects(
    loadOrMakeCertificate(temp.path, NAMES, NOW),
    failsWith("permissions", /chmod 700/),
  );
});

Deno.test("loadCertificate() says which file is missing", async () => {
  await using temp = await makeFolder();
  const certificate = await temp.write(
    "c.pem",
    (await makeForeign({ ca: false, algorithm: P256 })).certificate,
  );
  const absent = join(temp.path, "absent.pem");
  await assert.rejects(
    loadCertificate(absent, absent, NOW),
    failsWith("missing", /absent\.pem: there is no such file/),
  );
  await assert.rejects(loadCertificate(certificate, absent, NOW), failsWith("missing", /absent/));
  await assert.rejects(loadCertificate(temp.path, absent, NOW), failsWith("unreadable"));
});

Deno.test("loadCertificate() refuses a key that others may read", async () => {
  await using temp = await makeFolder();
  const { certificate, privateKey } = await makeForeign({ ca: false, algorithm: P256 });
  const certificateFile = await temp.write("c.pem", certificate, 0o644);
  const keyFile = await temp.write("k.pem", privateKey, 0o644);
  await assert.rejects(
    loadCertificate(certificateFile, keyFile, NOW),
    failsWith("permissions", /mode 0644/, /chmod 600 .*k\.pem/),
  );
});

Deno.test("loadCertificate() refuses the key of another certificate", async () => {
  await using temp = await makeFolder();
  const { certificate } = await makeForeign({ ca: false, algorithm: P256 });
  const certificateFile = await temp.write("c.pem", certificate);
  const keyFile = await temp.write("k.pem", await makePrivateKey());
  await assert.rejects(loadCertificate(certificateFile, keyFile, NOW), failsWith("mismatch"));
});

Deno.test("loadCertificate() explains why it refuses an authority", async () => {
  await using temp = await makeFolder();
  const { certificate, privateKey } = await makeForeign({ ca: true, algorithm: P256 });
  const certificateFile = await temp.write("c.pem", certificate);
  const keyFile = await temp.write("k.pem", privateKey);
  await assert.rejects(
    loadCertificate(certificateFile, keyFile, NOW),
    failsWith("authority", /CA:TRUE/, /basicConstraints=critical,CA:FALSE/),
  );
});

Deno.test("loadCertificate() refuses keys that clients with BoringSSL refuse", async () => {
  await using temp = await makeFolder();
  const { certificate, privateKey } = await makeForeign({
    ca: false,
    algorithm: { name: "Ed25519" },
  });
  const certificateFile = await temp.write("c.pem", certificate);
  const keyFile = await temp.write("k.pem", privateKey);
  await assert.rejects(
    loadCertificate(certificateFile, keyFile, NOW),
    failsWith("key_type", /ed25519/, /P-256/),
  );
});

Deno.test("loadCertificate() refuses what is no PEM, and an encrypted key", async () => {
  await using temp = await makeFolder();
  const { certificate, privateKey } = await makeForeign({ ca: false, algorithm: P256 });
  const certificateFile = await temp.write("c.pem", certificate);
  const keyFile = await temp.write("k.pem", privateKey);
  const swapped = loadCertificate(keyFile, certificateFile, NOW);
  await assert.rejects(swapped, failsWith("malformed", /no PEM certificate/));
  const cut = await temp.write("cut.pem", certificate.slice(0, 200));
  await assert.rejects(loadCertificate(cut, keyFile, NOW), failsWith("malformed", /damaged/));
  const encrypted = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" },
  }).privateKey;
  await assert.rejects(
    loadCertificate(certificateFile, await temp.write("e.pem", encrypted), NOW),
    failsWith("malformed", /encrypted/),
  );
});

Deno.test("loadCertificate() turns a SEC 1 key into PKCS #8 and keeps the chain", async () => {
  await using temp = await makeFolder();
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pkcs8 = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  assert.ok(publicKey.asymmetricKeyType === "ec");
  const chain = await makeCertificate(pkcs8, NAMES, NOW) +
    (await makeForeign({ ca: true, algorithm: P256 })).certificate;
  const sec1 = privateKey.export({ type: "sec1", format: "pem" }).toString();
  const loaded = await loadCertificate(
    await temp.write("c.pem", chain),
    await temp.write("k.pem", sec1),
    NOW,
  );
  assert.match(sec1, /BEGIN EC PRIVATE KEY/);
  assert.equal(loaded.privateKey, pkcs8);
  assert.equal(loaded.certificate, chain);
});

Deno.test("loadCertificate() warns of a certificate that is not valid now", async () => {
  await using temp = await makeFolder();
  const { certificate, privateKey } = await makeForeign({ ca: false, algorithm: P256 });
  const certificateFile = await temp.write("c.pem", certificate);
  const keyFile = await temp.write("k.pem", privateKey);
  const warningsAt = async (date: string) =>
    (await loadCertificate(certificateFile, keyFile, new Date(date))).warnings;
  assert.match((await warningsAt("2026-11-20")).join(), /expired on/);
  assert.match((await warningsAt("2025-11-20")).join(), /not valid before/);
  assert.deepEqual(await warningsAt("2026-02-01"), []);
});
