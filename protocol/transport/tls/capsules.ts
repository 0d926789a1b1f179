/**
 * Capsules, the messages of a link: a type, a length and a payload (docs/protocol.md, "TLS over
 * TCP"). This file writes them; `capsule_reader.ts` reads them.
 */
import { encodeReason, MAX_REASON } from "../closing.ts";
import type { CloseReason } from "../transport.ts";

export type Capsule =
  | { readonly type: "open" }
  | { readonly type: "opened"; readonly secret: Uint8Array; readonly streams: number }
  | { readonly type: "attach"; readonly secret: Uint8Array; readonly stream: number }
  | { readonly type: "streams"; readonly streams: number }
  /** Bytes of a stream. The reader may split one capsule into several. */
  | { readonly type: "data"; readonly bytes: Uint8Array }
  | { readonly type: "fin" }
  | { readonly type: "credit"; readonly bytes: number }
  | { readonly type: "reset"; readonly stream: number; readonly code: number }
  | { readonly type: "ping" }
  | { readonly type: "pong" }
  | { readonly type: "close"; readonly close: CloseReason };

export const TYPE = {
  open: 0x01,
  opened: 0x02,
  attach: 0x03,
  streams: 0x04,
  data: 0x05,
  fin: 0x06,
  credit: 0x07,
  reset: 0x08,
  ping: 0x09,
  pong: 0x0a,
  close: 0x0b,
} as const satisfies Record<Capsule["type"], number>;

/** The type, and the length of the payload. */
export const HEADER = 3;
export const SECRET_LENGTH = 16;
/** The largest payload of a `data` capsule. */
export const MAX_DATA = 16_384;
/** The payload that fills one TLS record with its header (RFC 8446, section 5.1). */
export const DATA_PIECE = MAX_DATA - HEADER;
/** The largest payload of other capsules: a close with its kind and code. */
export const MAX_PAYLOAD = 5 + MAX_REASON;
/** The number of each kind of close. `lost` has none: it cannot be sent. */
export const CLOSE_KINDS = ["application", "transport", "idle"] as const;

/** Bytes that each end may send on a stream before it gets credit. */
export const INITIAL_CREDIT = 65_536;
/** Stream IDs are those of a QUIC client (RFC 9000, section 2.1): 0, 4, 8… */
export const ID_STEP = 4;

/** Faults of a peer, with the codes of RFC 9000, section 20.1. */
export const FAULT = {
  refused: 0x2,
  flowControl: 0x3,
  streamLimit: 0x4,
  streamState: 0x5,
  finalSize: 0x6,
  encoding: 0x7,
  violation: 0xa,
} as const;

/** The peer has broken the protocol: its connection closes with this code. */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** Encodes a capsule. Copies `data`, and splits it where it is too long. */
export function encode(capsule: Capsule): Uint8Array {
  switch (capsule.type) {
    case "open":
    case "fin":
    case "ping":
    case "pong":
      return numbered(capsule.type);
    case "opened":
      return numbered(capsule.type, capsule.secret, capsule.streams);
    case "attach":
      return numbered(capsule.type, capsule.secret, capsule.stream);
    case "streams":
      return numbered(capsule.type, NOTHING, capsule.streams);
    case "credit":
      return numbered(capsule.type, NOTHING, capsule.bytes);
    case "reset":
      return numbered(capsule.type, NOTHING, capsule.stream, capsule.code);
    case "data":
      return encodeData(capsule.bytes);
    case "close":
      return encodeClose(capsule.close);
  }
}

const NOTHING = new Uint8Array(0);

/** Encodes a capsule of bytes and of 32-bit numbers. */
function numbered(
  type: Capsule["type"],
  start: Uint8Array = NOTHING,
  ...numbers: readonly number[]
): Uint8Array {
  const capsule = begin(type, start.length + numbers.length * 4);
  capsule.set(start, HEADER);
  numbers.forEach((number, at) => setNumber(capsule, HEADER + start.length + at * 4, number));
  return capsule;
}

function encodeData(bytes: Uint8Array): Uint8Array {
  const count = Math.ceil(bytes.length / DATA_PIECE);
  const capsules = new Uint8Array(bytes.length + count * HEADER);
  let at = 0;
  for (let from = 0; from < bytes.length; from += DATA_PIECE) {
    const piece = bytes.subarray(from, from + DATA_PIECE);
    writeHeader(capsules, at, "data", piece.length);
    capsules.set(piece, at + HEADER);
    at += HEADER + piece.length;
  }
  return capsules;
}

function encodeClose({ kind, code, reason }: CloseReason): Uint8Array {
  const text = encodeReason(reason);
  const capsule = begin("close", 5 + text.length);
  capsule[HEADER] = CLOSE_KINDS.indexOf(kind === "lost" ? "transport" : kind);
  setNumber(capsule, HEADER + 1, code);
  capsule.set(text, HEADER + 5);
  return capsule;
}

function begin(type: Capsule["type"], length: number): Uint8Array {
  const capsule = new Uint8Array(HEADER + length);
  writeHeader(capsule, 0, type, length);
  return capsule;
}

function writeHeader(into: Uint8Array, at: number, type: Capsule["type"], length: number): void {
  into[at] = TYPE[type];
  into[at + 1] = length >> 8;
  into[at + 2] = length;
}

function setNumber(into: Uint8Array, at: number, number: number): void {
  if (!Number.isInteger(number) || number < 0 || number > 0xffff_ffff) {
    throw new RangeError(`Cannot send ${number}: over TLS codes and counts have 32 bits`);
  }
  new DataView(into.buffer, into.byteOffset).setUint32(at, number);
}
