import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createDecipheriv } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { LIMITS } from "../../protocol/limits.ts";
import { open, type Opened, seal, type SealInput } from "../../protocol/secret.ts";
import { fromHex, toHex } from "../helpers/hex.ts";
import { type ReferenceInput, sealByReference, withChecksum } from "../helpers/secret_reference.ts";
import vectors from "../vectors/secret.json" with { type: "json" };

const CONTEXT = { from: "alice", to: "bob", ulid: "01JD4V4Q0G2X3Y4Z5A6B7C8D9E" };
const SECRET: SealInput = { ...CONTEXT, passphrase: "open sesame", text: "It is in the drawer." };
/** Tests that do not test the cost do not pay it. */
const CHEAP = { log2N: 1, r: 1, p: 1 };
const DAMAGED: Opened = { ok: false, reason: "damaged" };
const WRONG: Opened = { ok: false, reason: "wrong_passphrase" };
const UNSUPPORTED: Opened = { ok: false, reason: "unsupported" };

/** Where each field of an envelope begins (docs/protocol.md, "Secret messages"). */
const AT = { version: 0, log2N: 1, r: 2, p: 3, salt: 4, commitment: 20, nonce: 52, ciphertext: 64 };

function random(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}

function sealCheaply(changes: Partial<SealInput> = {}): Promise<Uint8Array> {
  return seal({ ...SECRET, ...changes }, random, CHEAP);
}

function openIt(envelope: Uint8Array, changes: Partial<SealInput> = {}): Promise<Opened> {
  return open({ ...SECRET, ...changes, envelope });
}

/** The envelope with one byte changed and a checksum that fits: what a hostile server can send. */
function forged(envelope: Uint8Array, at: number, flip: number): Uint8Array {
  const body = envelope.slice(0, -8);
  body[at] = (body[at] ?? 0) ^ flip;
  return withChecksum(body);
}

function referenceOf(plain: Uint8Array, changes: Partial<ReferenceInput> = {}) {
  return sealByReference({
    ...SECRET,
    ...CHEAP,
    salt: random(16),
    nonce: random(12),
    plain,
    ...changes,
  });
}

for (const vector of vectors) {
  const { about, passphrase, text, from, to, ulid, log2N, r, p } = vector;
  const context = { from, to, ulid, passphrase };

  Deno.test(`seal() makes the vector: ${about}`, async () => {
    const given = [fromHex(vector.salt), fromHex(vector.nonce)];
    const random = (length: number) => {
      const bytes = given.shift();
      assert.equal(bytes?.length, length);
      return bytes ?? new Uint8Array();
    };
    const envelope = await seal({ ...context, text }, random, { log2N, r, p });
    assert.equal(toHex(envelope), vector.envelope);
  });

  Deno.test(`open() opens the vector: ${about}`, async () => {
    const opened = await open({ ...context, envelope: fromHex(vector.envelope) });
    assert.deepEqual(opened, { ok: true, text });
  });

  Deno.test(`node:crypto agrees with the vector at each step: ${about}`, () => {
    const salt = fromHex(vector.salt);
    const nonce = fromHex(vector.nonce);
    const { envelope, ...parts } = sealByReference({
      ...{ ...context, log2N, r, p, salt, nonce },
      plain: fromHex(vector.plain),
    });
    const { passphraseBytes, master, key, commitment, associatedData } = vector;
    const { ciphertext, tag, checksum } = vector;
    const expected = { passphraseBytes, master, key, commitment, associatedData };
    const hex = Object.fromEntries(Object.entries(parts).map(([name, b]) => [name, toHex(b)]));
    assert.deepEqual(hex, { ...expected, ciphertext, tag, checksum });
    assert.equal(toHex(envelope), vector.envelope);
    const decipher = createDecipheriv("aes-256-gcm", fromHex(vector.key), nonce);
    decipher.setAAD(fromHex(associatedData)).setAuthTag(fromHex(tag));
    const plain = Buffer.concat([decipher.update(fromHex(ciphertext)), decipher.final()]);
    assert.equal(toHex(plain), vector.plain);
  });

  Deno.test(`WebCrypto agrees with the vector from scrypt on: ${about}`, async () => {
    const master = await crypto.subtle.importKey("raw", fromHex(vector.master), "HKDF", false, [
      "deriveBits",
    ]);
    const derive = async (info: string) => {
      const algorithm = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array() };
      const params = { ...algorithm, info: new TextEncoder().encode(info) };
      return new Uint8Array(await crypto.subtle.deriveBits(params, master, 256));
    };
    assert.equal(toHex(await derive("sotto secret 1 commitment")), vector.commitment);
    const rawKey = await derive("sotto secret 1 key");
    assert.equal(toHex(rawKey), vector.key);
    const key = await crypto.subtle.importKey("raw", rawKey, "AES-GCM", false, ["decrypt"]);
    const plain = await crypto.subtle.decrypt(
      {
        name: "AES-GCM",
        iv: fromHex(vector.nonce),
        additionalData: fromHex(vector.associatedData),
      },
      key,
      fromHex(vector.ciphertext + vector.tag),
    );
    const view = new DataView(plain);
    const bytes = new Uint8Array(plain, 2, view.getUint16(0));
    assert.equal(new TextDecoder().decode(bytes), text);
  });
}

Deno.test("docs/protocol.md shows the first vector as the tests have it", async () => {
  const page = await Deno.readTextFile(new URL("../../docs/protocol.md", import.meta.url));
  const [, section = ""] = /\n## Secret messages\n([^]*?)(?:\n## |$)/.exec(page) ?? [];
  const digits = section.replaceAll(/\s/g, "");
  const [vector] = vectors;
  assert.ok(vector);
  for (
    const value of [
      ...[vector.passphraseBytes, vector.salt, vector.master, vector.key, vector.commitment],
      ...[vector.nonce, vector.associatedData, vector.ciphertext, vector.tag, vector.checksum],
    ]
  ) {
    assert.ok(digits.includes(value), value);
  }
});

Deno.test("open() returns the text that seal() sealed", async () => {
  const text = fc.string({ unit: "grapheme", maxLength: 300 });
  const inputs = fc.record({
    ...{ text, passphrase: fc.string({ unit: "grapheme", minLength: 1 }) },
    ...{ from: fc.string({ maxLength: 32 }), to: fc.string({ maxLength: 32 }) },
    ulid: fc.ulid(),
  });
  await fc.assert(fc.asyncProperty(inputs, async (input) => {
    const envelope = await seal(input, random, CHEAP);
    assert.deepEqual(await open({ ...input, envelope }), { ok: true, text: input.text });
  }));
});

Deno.test("open() takes the passphrase in any composition of its é", async () => {
  const envelope = await sealCheaply({ passphrase: "caf\u00e9" });
  assert.equal((await openIt(envelope, { passphrase: "cafe\u0301" })).ok, true);
});

Deno.test("seal() makes a new salt and nonce each time", async () => {
  const one = await sealCheaply();
  const other = await sealCheaply();
  for (const [from, to] of [[AT.salt, AT.commitment], [AT.nonce, AT.ciphertext]] as const) {
    assert.notDeepEqual(one.slice(from, to), other.slice(from, to));
  }
});

Deno.test("seal() hides the length of a text up to 254 bytes", async () => {
  const lengths = new Set<number>();
  for (const text of ["", "y", "no", "é".repeat(127), "x".repeat(254)]) {
    lengths.add((await sealCheaply({ text })).length);
  }
  assert.deepEqual([...lengths], [344]);
  assert.equal((await sealCheaply({ text: "x".repeat(255) })).length, 344 + 256);
});

Deno.test("seal() fits the longest text into a message's content", async () => {
  const text = "é".repeat(LIMITS.text / 2);
  const envelope = await sealCheaply({ text });
  assert.ok(envelope.length <= LIMITS.content, `${envelope.length}`);
  assert.deepEqual(await openIt(envelope), { ok: true, text });
});

Deno.test("seal() refuses input that could not be opened", async () => {
  await assert.rejects(sealCheaply({ text: "x".repeat(LIMITS.text + 1) }), /16385 bytes/);
  await assert.rejects(sealCheaply({ text: "é".repeat(LIMITS.text / 2) + "x" }), RangeError);
  await assert.rejects(sealCheaply({ passphrase: "" }), /passphrase is empty/);
  await assert.rejects(seal(SECRET, random, { log2N: 20, r: 8, p: 1 }), /that cost/);
});

Deno.test("seal() works at OWASP's cost and leaves the event loop free", async () => {
  let turns = 0;
  let done = false;
  const sealing = seal(SECRET, random).finally(() => {
    done = true;
  });
  while (!done && turns < 1_000_000) {
    await setImmediate();
    turns++;
  }
  const envelope = await sealing;
  assert.deepEqual([...envelope.slice(0, AT.salt)], [1, 17, 8, 1]);
  assert.ok(turns > 5, `${turns} turns`);
});

Deno.test("open() reports damage, whichever bit was flipped", async () => {
  const envelope = await sealCheaply();
  for (let bit = 0; bit < envelope.length * 8; bit++) {
    const flipped = envelope.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.deepEqual(await openIt(flipped), DAMAGED, `bit ${bit}`);
  }
});

Deno.test("open() reports damage when the envelope has another length", async () => {
  const envelope = await sealCheaply();
  for (let length = 0; length < envelope.length; length++) {
    assert.deepEqual(await openIt(envelope.slice(0, length)), DAMAGED, `cut to ${length}`);
  }
  assert.deepEqual(await openIt(Buffer.concat([envelope, new Uint8Array(1)])), DAMAGED);
  assert.deepEqual(await openIt(Buffer.concat([envelope, new Uint8Array(256)])), DAMAGED);
  assert.deepEqual(await openIt(new Uint8Array(LIMITS.content + 1)), DAMAGED);
});

Deno.test("open() refuses a forgery with a correct checksum", async () => {
  const envelope = await sealCheaply();
  for (let at = 0; at < envelope.length - 8; at++) {
    for (const flip of [0x01, 0x80, 0xff]) {
      const opened = await openIt(forged(envelope, at, flip));
      if (at === AT.version) assert.deepEqual(opened, UNSUPPORTED);
      else if (at < AT.salt) assert.ok(!opened.ok && opened.reason !== "damaged", `byte ${at}`);
      // Without the passphrase another salt looks the same as another passphrase.
      else if (at < AT.nonce) assert.deepEqual(opened, WRONG, `byte ${at}`);
      else assert.deepEqual(opened, DAMAGED, `byte ${at}`);
    }
  }
});

Deno.test("open() refuses a shortened envelope with a correct checksum", async () => {
  const envelope = await sealCheaply({ text: "x".repeat(600) });
  for (let length = 1; length < envelope.length - 8; length++) {
    const opened = await openIt(withChecksum(envelope.slice(0, length)));
    assert.deepEqual(opened, DAMAGED, `cut to ${length}`);
  }
});

Deno.test("open() tells any other passphrase from a damaged message", async () => {
  const envelope = await sealCheaply();
  const others = fc.string({ unit: "grapheme" }).filter((text) => text !== SECRET.passphrase);
  await fc.assert(fc.asyncProperty(others, async (passphrase) => {
    assert.deepEqual(await openIt(envelope, { passphrase }), WRONG);
  }));
  for (const passphrase of ["open sesame ", "Open sesame", "open  sesame", ""]) {
    assert.deepEqual(await openIt(envelope, { passphrase }), WRONG, passphrase);
  }
});

Deno.test("open() does not open a message under another sender, recipient or ULID", async () => {
  const envelope = await sealCheaply();
  for (
    const changes of [
      { from: "mallory" },
      { to: "mallory" },
      { from: SECRET.to, to: SECRET.from },
      { ulid: "01JD4V4Q0G2X3Y4Z5A6B7C8D9F" },
      { from: "alic", to: "ebob" },
      { to: "bo", ulid: "b" + SECRET.ulid },
    ]
  ) {
    assert.deepEqual(await openIt(envelope, changes), DAMAGED, JSON.stringify(changes));
  }
});

Deno.test("open() opens an envelope under one passphrase only", async () => {
  // The commitment of one passphrase over the ciphertext of another: neither opens it.
  const plain = new Uint8Array(256);
  const salt = random(16);
  const ours = referenceOf(plain, { salt });
  const theirs = referenceOf(plain, { salt, passphrase: "another" });
  const mixed = theirs.envelope.slice(0, -8);
  mixed.set(ours.commitment, AT.commitment);
  const envelope = withChecksum(mixed);
  assert.deepEqual(await openIt(envelope), DAMAGED);
  assert.deepEqual(await openIt(envelope, { passphrase: "another" }), WRONG);
  assert.equal((await openIt(ours.envelope)).ok, true);
});

Deno.test("open() refuses costs beyond its bounds without paying them", async () => {
  const envelope = await sealCheaply();
  for (
    const [log2N, r, p] of [
      [0, 8, 1],
      [19, 8, 1], // 512 MiB.
      [255, 8, 1],
      [17, 255, 1],
      [17, 8, 5],
      [15, 1, 129],
      [17, 0, 1],
      [17, 8, 0],
      [16, 1, 1], // RFC 7914, section 2: N < 2^(16 r).
      [255, 255, 255],
      // Within the bounds of N r p, and slow or in one piece all the same.
      [1, 255, 255],
      [8, 64, 255],
      [10, 16, 255],
      [13, 2, 255],
      [15, 1, 128],
      [12, 8, 5],
      [20, 2, 2],
    ] as const
  ) {
    const costly = envelope.slice(0, -8);
    costly.set([log2N, r, p], AT.log2N);
    assert.deepEqual(await openIt(withChecksum(costly)), UNSUPPORTED, `${[log2N, r, p]}`);
  }
});

for (const cost of [{ log2N: 13, r: 8, p: 4 }, { log2N: 8, r: 255, p: 4 }]) {
  const { log2N, r, p } = cost;
  Deno.test(`open() leaves the event loop free at the odd cost ${log2N}, ${r}, ${p}`, async () => {
    const envelope = await seal(SECRET, random, cost);
    let turns = 0;
    let opened: Opened | undefined;
    void openIt(envelope).then((result) => opened = result);
    while (opened === undefined && turns < 1_000_000) {
      await setImmediate();
      turns++;
    }
    assert.equal(opened?.ok, true);
    assert.ok(turns > 5, `${turns} turns`);
  });
}

Deno.test("open() takes the highest cost within its bounds", async () => {
  // The commitment is that of another cost: reaching it shows that the cost was paid.
  const costly = (await sealCheaply()).slice(0, -8);
  costly.set([17, 8, 4], AT.log2N);
  assert.deepEqual(await openIt(withChecksum(costly)), WRONG);
});

Deno.test("open() reports damage when the padding is not as documented", async () => {
  const block = (...bytes: number[]) => Buffer.concat([Buffer.from(bytes)], 256);
  const odd: Record<string, Uint8Array> = {
    "a length beyond the end": block(0x00, 0xff),
    "a length beyond the limit": Buffer.concat([block(0xff, 0xff), new Uint8Array(65536)]),
    "padding that is not zero": block(0x00, 0x01, 0x61, 0x01),
    "a block too many": Buffer.concat([block(0x00, 0x01, 0x61), new Uint8Array(256)]),
    "a text that is not UTF-8": block(0x00, 0x02, 0xc3, 0x28),
  };
  for (const [what, plain] of Object.entries(odd)) {
    assert.deepEqual(await openIt(referenceOf(plain).envelope), DAMAGED, what);
  }
  const sound = referenceOf(block(0x00, 0x01, 0x61));
  assert.deepEqual(await openIt(sound.envelope), { ok: true, text: "a" });
});

Deno.test("open() keeps a byte order mark and control characters", async () => {
  const text = "\ufeffa\u0000b\u001b[31m";
  assert.deepEqual(await openIt(await sealCheaply({ text })), { ok: true, text });
});

Deno.test("open() never throws", async () => {
  const bodies = fc.uint8Array({ maxLength: 400 }).map((body) => {
    const [, log2N = 0, r = 0, p = 0] = body;
    if (body.length > AT.salt) body.set([1, log2N % 5, r % 3, p % 3]);
    return withChecksum(body);
  });
  const envelopes = fc.oneof(fc.uint8Array({ maxLength: 400 }), bodies);
  await fc.assert(fc.asyncProperty(envelopes, async (envelope) => {
    assert.equal((await openIt(envelope)).ok, false);
  }));
});

Deno.test("seal() and open() wipe the bytes of the passphrase and of the text", async () => {
  const made: [text: string, bytes: Uint8Array][] = [];
  const { encode } = TextEncoder.prototype;
  TextEncoder.prototype.encode = function (text = "") {
    const bytes = encode.call(this, text);
    made.push([text, bytes]);
    return bytes;
  };
  try {
    assert.equal((await openIt(await sealCheaply())).ok, true);
  } finally {
    TextEncoder.prototype.encode = encode;
  }
  for (const secret of [SECRET.passphrase, SECRET.text]) {
    const found = made.filter(([text]) => text === secret);
    assert.ok(found.length > 0);
    for (const [, bytes] of found) assert.deepEqual(bytes, new Uint8Array(secret.length));
  }
});
