/**
 * Checks that a body is one MessagePack map within the limits, before `@msgpack/msgpack` decodes it.
 * That library has no limit on depth, reserves arrays by their announced length, repairs invalid
 * UTF-8 and takes the last of two equal keys. This check builds no values, and recurses at most to
 * `LIMITS.depth`. The format: github.com/msgpack/msgpack/blob/master/spec.md.
 */
import { ProtocolError } from "./errors.ts";
import { LIMITS } from "./limits.ts";

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Up to this length, a loop finds plain ASCII faster than a call of the decoder. */
const SHORT = 64;

/** Throws `frame_malformed` unless the body is exactly one map that this protocol allows. */
export function checkWellFormed(body: Uint8Array): void {
  const walker = new Walker(body);
  walker.map();
  walker.end();
}

function malformed(why: string): ProtocolError {
  return new ProtocolError("frame_malformed", `A frame is malformed: ${why}.`);
}

class Walker {
  readonly #body: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(body: Uint8Array) {
    this.#body = body;
    this.#view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  }

  /** The frame's own map. */
  map(): void {
    const head = this.#uint(1);
    if (head >= 0x80 && head < 0x90) this.#map(head & 0x0f, 1);
    else if (head === 0xde) this.#map(this.#uint(2), 1);
    else if (head === 0xdf) this.#map(this.#uint(4), 1);
    else throw malformed("it is not a map");
  }

  end(): void {
    if (this.#at < this.#body.length) throw malformed("bytes follow the map");
  }

  #value(depth: number): void {
    const head = this.#uint(1);
    if (head < 0x80 || head >= 0xe0) return; // fixint
    if (head < 0x90) return this.#map(head & 0x0f, depth);
    if (head < 0xa0) return this.#array(head & 0x0f, depth);
    if (head < 0xc0) return this.#text(head & 0x1f);
    switch (head) {
      case 0xc0: // nil
      case 0xc2: // false
      case 0xc3: // true
        return;
      case 0xcc: // uint 8
      case 0xd0: // int 8
        return this.#skip(1);
      case 0xcd: // uint 16
      case 0xd1: // int 16
        return this.#skip(2);
      case 0xca: // float 32
      case 0xce: // uint 32
      case 0xd2: // int 32
        return this.#skip(4);
      case 0xcb: // float 64
      case 0xcf: // uint 64
      case 0xd3: // int 64
        return this.#skip(8);
      case 0xc4: // bin 8, 16, 32
        return this.#skip(this.#uint(1));
      case 0xc5:
        return this.#skip(this.#uint(2));
      case 0xc6:
        return this.#skip(this.#uint(4));
      case 0xd9: // str 8, 16, 32
        return this.#text(this.#uint(1));
      case 0xda:
        return this.#text(this.#uint(2));
      case 0xdb:
        return this.#text(this.#uint(4));
      case 0xdc: // array 16, 32
        return this.#array(this.#uint(2), depth);
      case 0xdd:
        return this.#array(this.#uint(4), depth);
      case 0xde: // map 16, 32
        return this.#map(this.#uint(2), depth);
      case 0xdf:
        return this.#map(this.#uint(4), depth);
      default: // 0xc1 is unused; the rest are extension types
        throw malformed("it has a type that is not allowed");
    }
  }

  #map(entries: number, depth: number): void {
    if (depth > LIMITS.depth) throw malformed("it is nested too deeply");
    if (entries > LIMITS.mapEntries) throw malformed("a map has too many entries");
    const keys = new Set<string>();
    for (let entry = 0; entry < entries; entry++) {
      keys.add(this.#key());
      if (keys.size === entry) throw malformed("a map has a key twice");
      this.#value(depth + 1);
    }
  }

  #array(items: number, depth: number): void {
    if (depth > LIMITS.depth) throw malformed("it is nested too deeply");
    if (items > LIMITS.arrayItems) throw malformed("an array has too many items");
    for (let item = 0; item < items; item++) this.#value(depth + 1);
  }

  #key(): string {
    const head = this.#uint(1);
    let length: number;
    if (head >= 0xa0 && head < 0xc0) length = head & 0x1f;
    else if (head === 0xd9) length = this.#uint(1);
    else if (head === 0xda) length = this.#uint(2);
    else if (head === 0xdb) length = this.#uint(4);
    else throw malformed("a map has a key that is not a string");
    if (length > LIMITS.key) throw malformed("a map has a key that is too long");
    const from = this.#at;
    this.#text(length);
    const key = String.fromCharCode(...this.#body.subarray(from, this.#at));
    if (key === "__proto__") throw malformed("a map has a key that is not allowed");
    return key;
  }

  #text(length: number): void {
    const from = this.#at;
    this.#skip(length);
    if (length <= SHORT && this.#isAscii(from, this.#at)) return;
    try {
      UTF8.decode(this.#body.subarray(from, this.#at));
    } catch {
      throw malformed("a string is not UTF-8");
    }
  }

  #isAscii(from: number, to: number): boolean {
    for (let at = from; at < to; at++) {
      if (this.#view.getUint8(at) >= 0x80) return false;
    }
    return true;
  }

  #uint(size: 1 | 2 | 4): number {
    const from = this.#at;
    this.#skip(size);
    if (size === 1) return this.#view.getUint8(from);
    return size === 2 ? this.#view.getUint16(from) : this.#view.getUint32(from);
  }

  #skip(length: number): void {
    if (length > this.#body.length - this.#at) throw malformed("it ends too early");
    this.#at += length;
  }
}
