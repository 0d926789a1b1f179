/** Decodes the capsules of a link, however its bytes were cut. It knows no sockets and no time. */
import { MAX_REASON } from "../closing.ts";
import type { CloseReason } from "../transport.ts";
import {
  type Capsule,
  CLOSE_KINDS,
  FAULT,
  Fault,
  HEADER,
  ID_STEP,
  MAX_DATA,
  MAX_PAYLOAD,
  SECRET_LENGTH,
  TYPE,
} from "./capsules.ts";

/** The allowed lengths of each type's payload. */
const LENGTHS: ReadonlyMap<number, readonly [least: number, most: number]> = new Map([
  [TYPE.open, [0, 0]],
  [TYPE.opened, [SECRET_LENGTH + 4, SECRET_LENGTH + 4]],
  [TYPE.attach, [SECRET_LENGTH + 4, SECRET_LENGTH + 4]],
  [TYPE.streams, [4, 4]],
  [TYPE.data, [1, MAX_DATA]],
  [TYPE.fin, [0, 0]],
  [TYPE.credit, [4, 4]],
  [TYPE.reset, [8, 8]],
  [TYPE.ping, [0, 0]],
  [TYPE.pong, [0, 0]],
  [TYPE.close, [5, 5 + MAX_REASON]],
]);

/** Keeps at most the beginning of one capsule; passes `data` on as it comes. */
export class CapsuleReader {
  /** The bytes so far of a capsule; for `data` the header alone. */
  readonly #begun = new Uint8Array(HEADER + MAX_PAYLOAD);
  #filled = 0;
  /** Bytes of a `data` capsule that are missing. */
  #dataLeft = 0;

  /** Throws `Fault` at the first invalid header or payload. */
  *read(chunk: Uint8Array): Generator<Capsule> {
    let at = 0;
    while (at < chunk.length) {
      if (this.#dataLeft > 0) {
        const bytes = chunk.subarray(at, at + this.#dataLeft);
        at += bytes.length;
        this.#dataLeft -= bytes.length;
        yield { type: "data", bytes };
        continue;
      }
      const piece = chunk.subarray(at, at + this.#wanted() - this.#filled);
      this.#begun.set(piece, this.#filled);
      this.#filled += piece.length;
      at += piece.length;
      if (this.#filled < this.#wanted()) continue;
      const whole = this.#begun.subarray(0, this.#filled);
      this.#filled = 0;
      if (whole[0] === TYPE.data) this.#dataLeft = lengthOf(whole);
      else yield parse(whole);
    }
  }

  /** Bytes that the next step needs. */
  #wanted(): number {
    if (this.#filled < HEADER) return HEADER;
    const type = this.#begun[0] ?? 0;
    const length = lengthOf(this.#begun);
    const limits = LENGTHS.get(type);
    if (limits === undefined) throw new Fault(FAULT.encoding, `no capsule has the type ${type}`);
    const [least, most] = limits;
    if (length < least || length > most) {
      throw new Fault(FAULT.encoding, `no capsule of type ${type} has ${length} bytes`);
    }
    return type === TYPE.data ? HEADER : HEADER + length;
  }
}

/** Decodes a whole capsule of an allowed length. */
function parse(capsule: Uint8Array): Capsule {
  switch (capsule[0]) {
    case TYPE.open:
      return { type: "open" };
    case TYPE.opened:
      return { type: "opened", secret: secretOf(capsule), streams: numberAt(capsule, 16) };
    case TYPE.attach:
      return { type: "attach", secret: secretOf(capsule), stream: streamAt(capsule, 16) };
    case TYPE.streams:
      return { type: "streams", streams: numberAt(capsule, 0) };
    case TYPE.fin:
      return { type: "fin" };
    case TYPE.credit:
      return { type: "credit", bytes: numberAt(capsule, 0) };
    case TYPE.reset:
      return { type: "reset", stream: streamAt(capsule, 0), code: numberAt(capsule, 4) };
    case TYPE.ping:
      return { type: "ping" };
    case TYPE.pong:
      return { type: "pong" };
    default:
      return { type: "close", close: closeOf(capsule) };
  }
}

function closeOf(capsule: Uint8Array): CloseReason {
  const kind = CLOSE_KINDS[capsule[HEADER] ?? -1];
  if (kind === undefined) throw new Fault(FAULT.encoding, "a close has an unknown kind");
  const reason = new TextDecoder(undefined, { ignoreBOM: true }).decode(
    capsule.subarray(HEADER + 5),
  );
  return { kind, code: numberAt(capsule, 1), reason, by: "peer" };
}

/** A copy: the reader reuses its buffer. */
function secretOf(capsule: Uint8Array): Uint8Array {
  return capsule.slice(HEADER, HEADER + SECRET_LENGTH);
}

function streamAt(capsule: Uint8Array, at: number): number {
  const stream = numberAt(capsule, at);
  if (stream % ID_STEP === 0) return stream;
  throw new Fault(FAULT.encoding, `no stream of a client has the ID ${stream}`);
}

/** The number at an offset of the payload. */
function numberAt(capsule: Uint8Array, at: number): number {
  return new DataView(capsule.buffer, capsule.byteOffset).getUint32(HEADER + at);
}

function lengthOf(capsule: Uint8Array): number {
  return new DataView(capsule.buffer, capsule.byteOffset).getUint16(1);
}
