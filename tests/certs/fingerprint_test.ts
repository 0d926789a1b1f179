import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { fingerprint, formatPin, hashCertificate, parsePin } from "../../certs/fingerprint.ts";

// SHA-256 of "abc" (FIPS 180-2, appendix B.1).
const ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const ABC_PIN = "SHA256:ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0";

Deno.test("fingerprint() is SHA256: and the hash in base64url without padding", () => {
  assert.equal(fingerprint(new TextEncoder().encode("abc")), ABC_PIN);
});

Deno.test("hashCertificate() is SHA-256", () => {
  const der = new TextEncoder().encode("abc");
  assert.equal(Buffer.from(hashCertificate(der)).toString("hex"), ABC);
});

Deno.test("parsePin() takes base64 and base64url, with and without prefix and padding", () => {
  const expected = new Uint8Array(Buffer.from(ABC, "hex"));
  const url = ABC_PIN.slice("SHA256:".length);
  const classic = url.replaceAll("-", "+").replaceAll("_", "/");
  for (const digits of [url, classic]) {
    for (const prefix of ["SHA256:", "sha256:", ""]) {
      for (const padding of ["=", ""]) {
        assert.deepEqual(parsePin(prefix + digits + padding), expected);
      }
    }
  }
  assert.deepEqual(parsePin(` ${ABC_PIN}\n`), expected);
});

Deno.test("parsePin() gives undefined for what is not a pin", () => {
  const digits = ABC_PIN.slice("SHA256:".length);
  for (
    const text of [
      "",
      "SHA256:",
      ABC,
      digits.slice(1),
      digits + "A",
      digits + "==",
      "MD5:" + digits,
      "SHA256:SHA256:" + digits,
      digits.slice(0, 20) + " " + digits.slice(21),
      digits.slice(0, 42) + "1", // Stray bits after the 256th.
    ]
  ) {
    assert.equal(parsePin(text), undefined, text);
  }
});

Deno.test("parsePin() undoes formatPin()", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (hash) => {
    const pin = formatPin(hash);
    assert.equal(pin, "SHA256:" + Buffer.from(hash).toString("base64url"));
    assert.deepEqual(parsePin(pin), hash);
  }));
});

Deno.test("parsePin() never throws", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    const hash = parsePin(text);
    assert.ok(hash === undefined || hash.length === 32);
  }));
});

Deno.test("formatPin() refuses what is not a SHA-256", () => {
  assert.throws(() => formatPin(createHash("sha1").update("abc").digest()), RangeError);
});
