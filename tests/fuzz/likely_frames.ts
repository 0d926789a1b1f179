/**
 * Frames that name the same few people, places, messages and files again and again, so that many of
 * them find what they name; and such frames with some of their values changed.
 */
import fc from "fast-check";
import type { Frame, ServerFrames } from "../../protocol/frame.ts";
import { dmOf } from "../../protocol/names.ts";
import { clientMaySend, type StreamKind } from "../../protocol/session/rules.ts";
import type { State } from "../../protocol/session/states.ts";
import {
  anyClientFrame,
  anyServerFrame,
  CLIENT_ARBITRARIES,
  SERVER_ARBITRARIES,
} from "../helpers/frames.ts";
import { anyBody, anyValue, damaged } from "../helpers/hostile_bodies.ts";
import { encode, type Value } from "../helpers/independent_msgpack.ts";
import { ulidOf } from "../helpers/messages.ts";

/** The people of all fuzzers. */
export const PEOPLE = ["ann", "bob", "eve", "mal"] as const;
/** Their password. */
export const PASSWORD = "secret";

/** Text that acts on a terminal. */
const ACTING = "\x1b[2J\x07\u202e";
/** Names, and now and then what is none. */
const NAMES = [...PEOPLE, ...PEOPLE, `Ann${ACTING}`];
const ULIDS = [1, 2, 3].map(ulidOf);
const SMALL = [0, 1, 2, 3];

/** Values for fields, and for the items of lists, by the names of the fields. */
const POOLS: Readonly<Record<string, readonly Value[]>> = {
  id: [1, 2, 3],
  re: [1, 2, 3],
  user: NAMES,
  users: NAMES,
  members: NAMES,
  from: NAMES,
  by: NAMES,
  creator: NAMES,
  name: NAMES,
  password: [PASSWORD, PASSWORD, "wrong"],
  ulid: ULIDS,
  file: ULIDS,
  seq: [...SMALL, 100],
  mark: SMALL,
  unread: SMALL,
  after: SMALL,
  before: SMALL,
  offset: [0, 1, 10],
  number: SMALL,
  words: ["hello", "the den"],
  topic: ["tea", "", ACTING, "x".repeat(300)],
  kind: ["text", "text", "sealed", "file"],
  body: ["hello", "the den is open", ACTING],
  text: ["hello", ACTING],
  message: ["hello", ACTING],
  code: ["busy", "away", "not_allowed", ACTING],
  server: ["sotto", ACTING],
  versions: [1],
};
/** Conversations, by their types. */
const PLACES: Readonly<Record<string, readonly string[]>> = {
  room: ["room:general", "room:den"],
  group: ["group:crew", "group:crew", "group:den"],
  dm: [dmOf("ann", "bob"), dmOf("ann", "eve"), dmOf("bob", "eve")],
};

/** The value with parts from the pools. `pick` chooses; a quarter of the parts stay as they are. */
function localised(value: unknown, pick: () => number, key = ""): Value {
  if (Array.isArray(value)) return value.map((item) => localised(item, pick, key));
  if (isRecord(value)) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([key, item]) => [key, localised(item, pick, key)]),
    );
  }
  const pool = key === "conversation" ? PLACES[String(value).split(":")[0] ?? ""] : POOLS[key];
  const choice = pick();
  if (pool === undefined || choice % 4 === 0) return value as Value;
  return pool[choice % pool.length] ?? null;
}

function likely(frame: fc.Arbitrary<Frame>): fc.Arbitrary<Value> {
  const picks = fc.array(fc.nat(), { minLength: 5, maxLength: 11 });
  return fc.tuple(frame, picks).map(([frame, picks]) => {
    let at = 0;
    return localised(frame, () => picks[at++ % picks.length] ?? 0);
  });
}

/** Values at which checks are off by one, or which a type or a table takes for something else. */
const EDGES: readonly Value[] = [
  ...[-1, 0.5, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 1e300, NaN, Infinity, -0],
  ...[
    "",
    " ",
    "\0",
    "a\0b",
    "\ufeff",
    "\u202eabc",
    "\x1b[2J",
    "\u212a",
    "ann ",
    "ANN",
    "__proto__",
  ],
  ...["constructor", "room:", "dm:ann:ann", "dm:bob:ann", "dm:ann:nobody", "group:__proto__"],
  ...["x".repeat(65), "x".repeat(300), "é".repeat(9_000), "admin"],
  ...[null, true, [], {}, [null], [[]], new Uint8Array(0), new Uint8Array(32)],
  new Uint8Array(20_000),
];

interface Edit {
  readonly how: "drop" | "replace" | "add";
  /** Which part, level after level. */
  readonly path: readonly number[];
  readonly value: Value;
}

const edit: fc.Arbitrary<Edit> = fc.record({
  how: fc.constantFrom("drop", "replace", "replace", "replace", "add"),
  path: fc.array(fc.nat(20), { minLength: 1, maxLength: 3 }),
  value: fc.oneof(fc.constantFrom(...EDGES), anyValue),
});

/** The value with one part of it changed. */
function edited(value: Value, { how, path: [at = 0, ...rest], value: other }: Edit): Value {
  if (value === null || typeof value !== "object" || value instanceof Uint8Array) return other;
  const entries = Object.entries(value);
  const [key, part] = entries[at % Math.max(1, entries.length)] ?? ["", null];
  const isInside = rest.length > 0 && typeof part === "object" && part !== null;
  const put = isInside ? edited(part, { how, path: rest, value: other }) : other;
  if (Array.isArray(value)) {
    const index = Number(key);
    return value.toSpliced(
      index,
      how === "add" ? 0 : 1,
      ...how === "drop" && !isInside ? [] : [put],
    );
  }
  if (!isInside && how === "drop") {
    return Object.fromEntries(entries.filter(([name]) => name !== key));
  }
  return { ...value, [!isInside && how === "add" ? "extra" : key]: put };
}

/** Bodies of these frames, most of them valid, and now and then something else. */
function bodies(frame: fc.Arbitrary<Frame>, other: fc.Arbitrary<Frame>): fc.Arbitrary<Uint8Array> {
  const valid = likely(frame);
  const changed = fc.tuple(valid, fc.array(edit, { minLength: 1, maxLength: 3 }))
    .map(([value, edits]) => edits.reduce(edited, value));
  return fc.oneof(
    { weight: 60, arbitrary: valid.map(encode) },
    { weight: 16, arbitrary: changed.map(encode) },
    { weight: 2, arbitrary: likely(other).map(encode) },
    // What is malformed ends the connection: seldom enough that something has come before it.
    { weight: 1, arbitrary: damaged(valid.map(encode), 100) },
    { weight: 1, arbitrary: anyBody },
  ).filter(({ length }) => length > 0 && length < 60_000);
}

/** Bodies as a client sends them in this state on such a stream, or nearly. */
export function clientBodies(state: State, stream: StreamKind): fc.Arbitrary<Uint8Array> {
  const allowed = typedEntries(CLIENT_ARBITRARIES).filter(([type]) =>
    clientMaySend(type, state, stream)
  );
  return bodies(
    fc.oneof(...allowed.map(([, frame]) => frame)),
    fc.oneof(anyClientFrame, anyServerFrame),
  );
}

/** Bodies as a server sends them, or nearly. */
export const serverBody = bodies(anyServerFrame, anyClientFrame);

/** A frame of each type of a server's, most of them valid. */
export const serverFrames: fc.Arbitrary<Readonly<Record<keyof ServerFrames, Value>>> = fc.record(
  mapValues(SERVER_ARBITRARIES, (frame) => {
    const valid = likely(frame);
    const changed = fc.tuple(valid, edit).map(([value, one]) => edited(value, one));
    return fc.oneof({ weight: 5, arbitrary: valid }, { weight: 1, arbitrary: changed });
  }),
);

function mapValues<Key extends string, Value, Result>(
  table: Readonly<Record<Key, Value>>,
  change: (value: Value) => Result,
): Record<Key, Result> {
  return Object.fromEntries(
    Object.entries<Value>(table).map(([key, value]) => [key, change(value)]),
  ) as Record<Key, Result>;
}

function typedEntries<Table extends object>(table: Table) {
  return Object.entries(table) as [keyof Table, Table[keyof Table]][];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !(value instanceof Uint8Array);
}
