import assert from "node:assert/strict";
import { ProtocolError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { checkWellFormed } from "../../protocol/well_formed.ts";
import { fromHex, toHex } from "../helpers/hex.ts";

/** Hex of a body, and what is wrong with it. */
const MALFORMED: Readonly<Record<string, string>> = {
  "": "ends too early",
  "90": "not a map",
  "a161": "not a map",
  "c0": "not a map",
  "81": "ends too early",
  "81a161": "ends too early",
  "81a161c5": "ends too early",
  "81a161c4ff00": "ends too early",
  "81a161dbffffffff": "ends too early",
  "8000": "bytes follow",
  "81a16101c0": "bytes follow",
  "81a161c1": "a type that is not allowed",
  "81a161d40100": "a type that is not allowed",
  "81a161d6ff00000000": "a type that is not allowed", // a timestamp
  "81a161c7000100": "a type that is not allowed",
  "810101": "key that is not a string",
  "81c001": "key that is not a string",
  "81c4016101": "key that is not a string",
  "82a16101a16102": "key twice",
  "82a16101d9016102": "key twice", // the same key, encoded in two ways
  "81a161a2c328": "not UTF-8",
  "81a161a180": "not UTF-8",
  "81a161a3eda080": "not UTF-8", // a lone surrogate
  "81a161a2c080": "not UTF-8", // an overlong NUL
  "81a161a4f4908080": "not UTF-8", // over U+10FFFF
  "81a2c32801": "not UTF-8",
  [`81a9${toHex(new TextEncoder().encode("__proto__"))}01`]: "key that is not allowed",
  [`81a161${"91".repeat(8)}01`]: "nested too deeply",
  [`${"81a161".repeat(9)}01`]: "nested too deeply",
  [`81a161${"91".repeat(60_000)}01`]: "nested too deeply",
  [`${"81a161".repeat(20_000)}01`]: "nested too deeply",
  "de0041": "too many entries",
  "dfffffffff": "too many entries",
  "81a161dc0401": "too many items",
  "81a161ddffffffff": "too many items",
  [`81d941${"61".repeat(65)}01`]: "key that is too long",
  [`81a161d9ff${"61".repeat(254)}ff`]: "not UTF-8",
};

for (const [hex, why] of Object.entries(MALFORMED)) {
  const shown = hex.length > 40 ? `${hex.slice(0, 40)}…` : hex;
  Deno.test(`checkWellFormed refuses "${shown}": ${why}`, () => {
    assert.throws(
      () => checkWellFormed(fromHex(hex)),
      (error) =>
        error instanceof ProtocolError && error.code === "frame_malformed" &&
        error.message.includes(why),
    );
  });
}

Deno.test("checkWellFormed takes every type of MessagePack that is not an extension", () => {
  const values = [
    ...["00", "7f", "e0", "ff", "c0", "c2", "c3", "cc80", "cdffff", "ceffffffff"],
    ...["cfffffffffffffffff", "d080", "d18000", "d280000000", "d38000000000000000"],
    ...["ca00000000", "cb0000000000000000", "a0", "d900", "da0000", "db00000000"],
    ...["c400", "c50000", "c600000000", "90", "dc0000", "dd00000000", "80", "de0000"],
    ...["df00000000", "a4f09f9880", `d950${"61".repeat(80)}`, "a6efbbbfefbbbf"],
  ];
  for (const hex of values) checkWellFormed(fromHex(`81a161${hex}`));
});

Deno.test("checkWellFormed takes what is just within each limit", () => {
  const { depth, arrayItems, key } = LIMITS;
  checkWellFormed(fromHex(`81a161${"91".repeat(depth - 1)}01`));
  checkWellFormed(fromHex(`${"81a161".repeat(depth)}01`));
  checkWellFormed(
    fromHex(`81a161dc${arrayItems.toString(16).padStart(4, "0")}${"01".repeat(1024)}`),
  );
  checkWellFormed(fromHex(`81d9${key.toString(16)}${"61".repeat(key)}01`));
  const entries = Array.from({ length: 64 }, (_, i) => `a2${toHex(Uint8Array.of(97, 48 + i))}01`);
  checkWellFormed(fromHex(`de0040${entries.join("")}`));
});
