/**
 * The part of MessagePack that `docs/protocol.md` needs, written from the specification
 * (github.com/msgpack/msgpack/blob/master/spec.md) without Sotto's code: for `independent_client.ts`,
 * and to check Sotto's codec against an independent one.
 */

export type Value = null | boolean | number | string | Uint8Array | Value[] | ValueMap;
export interface ValueMap {
  [key: string]: Value;
}

const utf8 = new TextEncoder();

/** Encodes with the shortest form of everything, integers up to 2^53 - 1. */
export function encode(value: Value): Uint8Array {
  const bytes: number[] = [];
  write(value, bytes);
  return Uint8Array.from(bytes);
}

/** Decodes one value. Bytes after it are an error. */
export function decode(bytes: Uint8Array): Value {
  const reader = new Reader(bytes);
  const value = reader.value();
  reader.end();
  return value;
}

function write(value: Value, out: number[]): void {
  if (value === null) out.push(0xc0);
  else if (value === false) out.push(0xc2);
  else if (value === true) out.push(0xc3);
  else if (typeof value === "number") writeNumber(value, out);
  else if (typeof value === "string") {
    const text = utf8.encode(value);
    if (text.length < 32) out.push(0xa0 | text.length);
    else writeLength(text.length, [0xd9, 0xda, 0xdb], out);
    out.push(...text);
  } else if (value instanceof Uint8Array) {
    writeLength(value.length, [0xc4, 0xc5, 0xc6], out);
    out.push(...value);
  } else if (Array.isArray(value)) {
    if (value.length < 16) out.push(0x90 | value.length);
    else writeLength(value.length, [undefined, 0xdc, 0xdd], out);
    for (const item of value) write(item, out);
  } else {
    const entries = Object.entries(value);
    if (entries.length < 16) out.push(0x80 | entries.length);
    else writeLength(entries.length, [undefined, 0xde, 0xdf], out);
    for (const [key, item] of entries) {
      write(key, out);
      write(item, out);
    }
  }
}

function writeNumber(value: number, out: number[]): void {
  if (Number.isSafeInteger(value) && value >= 0) {
    if (value < 0x80) out.push(value);
    else if (value < 0x100) out.push(0xcc, value);
    else if (value < 0x1_0000) out.push(0xcd, ...bigEndian(value, 2));
    else if (value < 0x1_0000_0000) out.push(0xce, ...bigEndian(value, 4));
    else out.push(0xcf, ...bigEndian(value, 8));
  } else if (Number.isInteger(value) && value < 0 && value >= -0x8000_0000) {
    out.push(0xd2, ...bigEndian(value + 0x1_0000_0000, 4));
  } else {
    const float = new DataView(new ArrayBuffer(8));
    float.setFloat64(0, value);
    out.push(0xcb, ...new Uint8Array(float.buffer));
  }
}

function writeLength(
  length: number,
  [one, two, four]: [number | undefined, number, number],
  out: number[],
): void {
  if (length < 0x100 && one !== undefined) out.push(one, length);
  else if (length < 0x1_0000) out.push(two, ...bigEndian(length, 2));
  else out.push(four, ...bigEndian(length, 4));
}

function bigEndian(value: number, size: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; bytes.length < size; rest = Math.floor(rest / 256)) {
    bytes.unshift(rest % 256);
  }
  return bytes;
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw new Error(`${this.#bytes.length - this.#at} left`);
  }

  value(): Value {
    const head = this.#uint(1);
    if (head < 0x80) return head;
    if (head < 0x90) return this.#map(head - 0x80);
    if (head < 0xa0) return this.#array(head - 0x90);
    if (head < 0xc0) return this.#text(head - 0xa0);
    if (head >= 0xe0) return head - 0x100;
    switch (head) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
        return this.#take(this.#uint(1)).slice();
      case 0xc5:
        return this.#take(this.#uint(2)).slice();
      case 0xc6:
        return this.#take(this.#uint(4)).slice();
      case 0xca:
        return this.#view(4).getFloat32(0);
      case 0xcb:
        return this.#view(8).getFloat64(0);
      case 0xcc:
        return this.#uint(1);
      case 0xcd:
        return this.#uint(2);
      case 0xce:
        return this.#uint(4);
      case 0xcf:
        return this.#uint(8);
      case 0xd0:
        return this.#view(1).getInt8(0);
      case 0xd1:
        return this.#view(2).getInt16(0);
      case 0xd2:
        return this.#view(4).getInt32(0);
      case 0xd3:
        return Number(this.#view(8).getBigInt64(0));
      case 0xd9:
        return this.#text(this.#uint(1));
      case 0xda:
        return this.#text(this.#uint(2));
      case 0xdb:
        return this.#text(this.#uint(4));
      case 0xdc:
        return this.#array(this.#uint(2));
      case 0xdd:
        return this.#array(this.#uint(4));
      case 0xde:
        return this.#map(this.#uint(2));
      case 0xdf:
        return this.#map(this.#uint(4));
      default:
        throw new Error(`Cannot read type byte 0x${head.toString(16)}: no frame has it`);
    }
  }

  #map(entries: number): ValueMap {
    const map: ValueMap = {};
    for (let i = 0; i < entries; i++) {
      const key = this.value();
      if (typeof key !== "string") throw new Error("A key is not a string");
      if (Object.hasOwn(map, key)) throw new Error("A key occurs twice");
      map[key] = this.value();
    }
    return map;
  }

  #array(items: number): Value[] {
    return Array.from({ length: items }, () => this.value());
  }

  #text(length: number): string {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.#take(length));
  }

  #view(size: number): DataView {
    const { buffer, byteOffset } = this.#take(size);
    return new DataView(buffer, byteOffset, size);
  }

  #uint(size: number): number {
    let value = 0;
    for (const byte of this.#take(size)) value = value * 256 + byte;
    return value;
  }

  #take(length: number): Uint8Array {
    if (this.#at + length > this.#bytes.length) throw new Error("Cut short");
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}
