/**
 * What follows the commands for files, made into an `Intent`. Pure: it looks at no disk, and a path
 * is whatever was typed.
 */
import { foldName, GENERAL } from "../../protocol/names.ts";
import type { Intent, Recipient } from "../events.ts";
import {
  badName,
  badNumbers,
  badPlace,
  cut,
  fail,
  groupIn,
  idIn,
  namesIn,
  numbersIn,
  type Parsed,
  parsedAs,
  roomIn,
} from "./words.ts";

export const SEND_USAGE = "/send WHOM PATH";

type FileIntent = Extract<Intent, { type: "accept" | "cancel" | "decline" }>;

/** `@ann,bob` or `ann`, `1,3` or `0`, `#room` or `room:NAME`, `group:NAME`; the rest is the path. */
export function parseSendFile(rest: string): Parsed {
  const [word, after] = cut(rest);
  const path = after.trim();
  if (word === "" || path === "") {
    return fail(
      "bad_command",
      `Type ${SEND_USAGE}: @USER, #ROOM or group:NAME, and then the path of a file.`,
    );
  }
  const folded = foldName(word);
  if (/^(#|room:)/.test(folded)) return sending(placeOf(roomIn(word)), path, badPlace);
  if (folded.startsWith("group:")) return sending(placeOf(groupIn(word)), path, badPlace);
  if (word === "0") return sending(placeOf(GENERAL), path, badPlace);
  if (/^\d[\d,]*$/.test(word)) return sending(peopleOf(numbersIn(word)), path, badNumbers);
  return sending(peopleOf(namesIn(word.replace(/^@/, ""))), path, badName);
}

/** A number or an ID, or nothing: the newest. */
export function parseFileId(type: FileIntent["type"]): (rest: string) => Parsed {
  return (rest) => {
    const word = rest.trim();
    if (word === "") return parsedAs({ type });
    const id = idIn(word);
    if (id !== undefined) return parsedAs({ type, id });
    return fail("bad_command", `Type /${type}, or /${type} N with the number of a file.`);
  };
}

function sending(to: Recipient | undefined, path: string, bad: () => Parsed): Parsed {
  return to === undefined ? bad() : parsedAs({ type: "send_file", to, path });
}

function placeOf(conversation: string | undefined): Recipient | undefined {
  return conversation === undefined ? undefined : { type: "place", conversation };
}

function peopleOf(who: readonly (string | number)[] | undefined): Recipient | undefined {
  return who === undefined ? undefined : { type: "people", who };
}
