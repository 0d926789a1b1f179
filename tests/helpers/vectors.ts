/** Reads the golden frames. In `frame`, `{ "$hex": "00ff" }` stands for bytes. */
import type { ClientFrame, ServerFrame } from "../../protocol/frame.ts";
import { fromHex } from "./hex.ts";
import vectors from "../vectors/frames.json" with { type: "json" };

type Vector =
  & { readonly hex: string }
  & (
    | { readonly from: "client"; readonly frame: ClientFrame }
    | { readonly from: "server"; readonly frame: ServerFrame }
  );

export const VECTORS: readonly Vector[] = vectors.map((row) => ({
  ...row,
  frame: withBytes(row.frame),
} as Vector));

function withBytes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withBytes);
  if (typeof value !== "object" || value === null) return value;
  if ("$hex" in value && typeof value.$hex === "string") return fromHex(value.$hex);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withBytes(item)]));
}
