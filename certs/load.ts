/**
 * Loads a server's certificate from its data folder (the first start makes it there), or from two
 * files of the operator. It checks that the certificate belongs to the key, is a leaf, and is of a
 * kind that both TLS stacks accept.
 */
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import { join } from "node:path";
import { fingerprint } from "./fingerprint.ts";
import {
  makePrivateFolder,
  readPrivateFile,
  readPublicFile,
  writePrivateFileOnce,
} from "./private_file.ts";

/** A checked certificate. */
export interface ServerCertificate {
  /** PEM: the leaf first, then the rest of the file. */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly privateKey: string;
  /** The leaf's pin (`fingerprint.ts`). */
  readonly pin: string;
  /** For the log: the certificate works, but the operator should know this. */
  readonly warnings: readonly string[];
}

/** The certificate or its key cannot be used. The message says what to do. */
export class CertificateError extends Error {
  override readonly name = "CertificateError";
  readonly code: "missing" | "malformed" | "mismatch" | "authority" | "key_type";

  constructor(code: CertificateError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const CERTIFICATE_FILE = "cert.pem";
const KEY_FILE = "key.pem";
const BEGIN = /-----BEGIN CERTIFICATE-----/;
const CURVES: ReadonlySet<string> = new Set(["prime256v1", "secp384r1"]);
const MIN_RSA_BITS = 2048;

/**
 * The certificate of a data folder. The first start makes it. Processes that start at once get the
 * same: the first to write each file wins, and all read the files back.
 */
export async function loadOrMakeCertificate(
  folder: string,
  names: readonly string[],
  now: Date = new Date(),
): Promise<ServerCertificate> {
  const certificateFile = join(folder, CERTIFICATE_FILE);
  const keyFile = join(folder, KEY_FILE);
  await makePrivateFolder(folder);
  if (await readPublicFile(certificateFile) === undefined) {
    const { makeCertificate, makePrivateKey } = await import("./make.ts");
    // The key first: if a start is interrupted between the two, the next one uses this key.
    let privateKey = await readPrivateFile(keyFile);
    if (privateKey === undefined) {
      await writePrivateFileOnce(keyFile, await makePrivateKey());
      privateKey = await readRequired(keyFile, readPrivateFile);
    }
    parseKey(keyFile, privateKey);
    await writePrivateFileOnce(certificateFile, await makeCertificate(privateKey, names, now));
  }
  return await loadCertificate(certificateFile, keyFile, now);
}

/** Reads and checks a certificate (PEM, the leaf first) and its private key (PEM). */
export async function loadCertificate(
  certificateFile: string,
  keyFile: string,
  now: Date = new Date(),
): Promise<ServerCertificate> {
  const certificate = await readRequired(certificateFile, readPublicFile);
  const leaf = parseLeaf(certificateFile, certificate);
  const key = parseKey(keyFile, await readRequired(keyFile, readPrivateFile));
  if (!spkiOf(createPublicKey(key)).equals(spkiOf(leaf.publicKey))) {
    throw new CertificateError(
      "mismatch",
      `Cannot use ${certificateFile}: ${keyFile} is the key of another certificate. ` +
        "Give the certificate and its own key",
    );
  }
  if (leaf.ca) {
    throw new CertificateError(
      "authority",
      `Cannot use ${certificateFile}: it is the certificate of an authority (CA:TRUE), and clients ` +
        "refuse that. Make it again with: openssl req -x509 -addext basicConstraints=critical,CA:FALSE …",
    );
  }
  checkKeyType(certificateFile, leaf.publicKey);
  return {
    certificate,
    privateKey: key.export({ type: "pkcs8", format: "pem" }).toString(),
    pin: fingerprint(leaf.raw),
    warnings: validityWarnings(certificateFile, leaf, now),
  };
}

async function readRequired(
  path: string,
  read: (path: string) => Promise<string | undefined>,
): Promise<string> {
  const text = await read(path);
  if (text === undefined) {
    throw new CertificateError(
      "missing",
      `Cannot read ${path}: there is no such file. Check the path`,
    );
  }
  return text;
}

function parseLeaf(path: string, pem: string): X509Certificate {
  if (!BEGIN.test(pem)) {
    throw new CertificateError(
      "malformed",
      `Cannot use ${path}: it has no PEM certificate (-----BEGIN CERTIFICATE-----). ` +
        "Give a certificate in PEM",
    );
  }
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new CertificateError(
      "malformed",
      `Cannot use ${path}: its certificate is damaged. Restore the file from its source`,
      { cause },
    );
  }
}

function parseKey(path: string, pem: string): KeyObject {
  if (pem.includes("ENCRYPTED")) {
    throw new CertificateError(
      "malformed",
      `Cannot use ${path}: it is encrypted. Decrypt it with: openssl pkey -in … -out …`,
    );
  }
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new CertificateError(
      "malformed",
      `Cannot use ${path}: it has no valid PEM private key. Give the certificate's key in PEM`,
      { cause },
    );
  }
}

/** Refuses Ed25519 and P-521: clients with BoringSSL offer neither. */
function checkKeyType(path: string, key: KeyObject): void {
  const { namedCurve = "", modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  const type = key.asymmetricKeyType;
  if (type === "ec" && CURVES.has(namedCurve)) return;
  if (type === "rsa" && modulusLength >= MIN_RSA_BITS) return;
  throw new CertificateError(
    "key_type",
    `Cannot use ${path}: its key (${type} ${
      namedCurve || modulusLength || ""
    }) is of a kind that some clients refuse. ` +
      "Use ECDSA P-256, P-384, or RSA of 2048 bits or more",
  );
}

function spkiOf(key: KeyObject): Uint8Array & { equals(other: Uint8Array): boolean } {
  return key.export({ type: "spki", format: "der" });
}

function validityWarnings(path: string, leaf: X509Certificate, now: Date): string[] {
  const warnings: string[] = [];
  if (new Date(leaf.validTo) < now) {
    warnings.push(`${path} expired on ${leaf.validTo}; clients that do not pin it will refuse it`);
  }
  if (new Date(leaf.validFrom) > now) {
    warnings.push(`${path} is not valid before ${leaf.validFrom}; is this machine's clock right?`);
  }
  return warnings;
}
