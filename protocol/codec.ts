/**
 * Encodes and decodes one frame. It checks the form only. `session/` checks whether the frame is
 * allowed now, and the server handles what it asks for.
 */
import { Decoder, Encoder } from "@msgpack/msgpack";
import * as v from "valibot";
import { LENGTH_BYTES } from "./decoder.ts";
import { ProtocolError } from "./errors.ts";
import {
  CLIENT_FRAMES,
  type ClientFrame,
  type Frame,
  SERVER_FRAMES,
  type ServerFrame,
  UNREADABLE_MESSAGE,
} from "./frame.ts";
import { LIMITS } from "./limits.ts";
import { checkWellFormed } from "./well_formed.ts";

const encoder = new Encoder({ ignoreUndefined: true, maxDepth: LIMITS.depth + 1 });
const decoder = new Decoder({
  maxStrLength: LIMITS.frame,
  maxBinLength: LIMITS.frame,
  maxArrayLength: LIMITS.arrayItems,
  maxMapLength: LIMITS.mapEntries,
  maxExtLength: 0,
});

/**
 * The frame's bytes, with the length first. The caller owns the array. Throws `RangeError` for a
 * frame over the limit. That is a fault of ours: callers check the size of what people write first.
 */
export function encodeFrame(frame: Frame): Uint8Array {
  const body = encoder.encodeSharedRef(toWellFormed(frame));
  if (body.length > LIMITS.frame) {
    throw new RangeError(`Cannot encode a ${frame.type} frame: it has ${body.length} bytes`);
  }
  const bytes = new Uint8Array(LENGTH_BYTES + body.length);
  new DataView(bytes.buffer).setUint32(0, body.length);
  bytes.set(body, LENGTH_BYTES);
  return bytes;
}

/** Decodes a client's frame. Throws `ProtocolError`: `frame_malformed`, `unknown_type`, `bad_frame`. */
export function parseClientFrame(body: Uint8Array): ClientFrame {
  return parse<ClientFrame>(CLIENT_FRAMES, body);
}

/**
 * Decodes a server's frame. Throws `ProtocolError`, as `parseClientFrame` does. A message that cannot
 * be read is one for which `isUnreadable` holds, if at least its place can be read.
 */
export function parseServerFrame(body: Uint8Array): ServerFrame {
  return parse<ServerFrame>(SERVER_FRAMES, body, UNREADABLE_MESSAGE);
}

function parse<Known extends Frame>(
  schemas: Readonly<Record<Known["type"], v.GenericSchema<unknown, Known>>>,
  body: Uint8Array,
  rest?: v.GenericSchema<unknown, Known>,
): Known {
  const map = decode(body);
  const re = typeof map.id === "number" && isId(map.id) ? map.id : undefined;
  if (typeof map.type !== "string") {
    throw new ProtocolError("bad_frame", "A frame has no type.", { re });
  }
  if (!isKnown(schemas, map.type)) throw new ProtocolError("unknown_type", undefined, { re });
  const result = v.safeParse(schemas[map.type], map, { abortEarly: true });
  if (result.success) return result.output;
  const salvaged = rest && v.safeParse(rest, map, { abortEarly: true });
  if (salvaged?.success) return salvaged.output;
  // The path has our own field names and indices only: the message repeats nothing received.
  const field = v.getDotPath(result.issues[0]) ?? "type";
  throw new ProtocolError(
    "bad_frame",
    `The field ${field} of ${map.type} is missing, of the wrong type, or over its limit.`,
    { re },
  );
}

function isKnown<Type extends string>(
  schemas: Readonly<Record<Type, unknown>>,
  type: string,
): type is Type {
  return Object.hasOwn(schemas, type);
}

function isId(id: number): boolean {
  return Number.isInteger(id) && id >= 0 && id <= 0xffff_ffff;
}

function decode(body: Uint8Array): Record<string, unknown> {
  checkWellFormed(body);
  try {
    return decoder.decode(body) as Record<string, unknown>;
  } catch (cause) {
    // Not known to happen after the check. If it does, it is the peer's fault, not ours.
    if (cause instanceof Error) throw new ProtocolError("frame_malformed");
    throw cause;
  }
}

/**
 * The value, or a copy with U+FFFD in place of lone surrogates. Half an emoji, cut by a `slice`, has
 * no UTF-8 and must not end the connection.
 */
function toWellFormed<Value>(value: Value): Value {
  return isWellFormed(value) ? value : repair(value) as Value;
}

function isWellFormed(value: unknown): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return true;
  return Object.values(value).every(isWellFormed);
}

function repair(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed();
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.map(repair);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, repair(item)]));
}
