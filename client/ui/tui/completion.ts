/**
 * Tab completion of the word at the cursor: commands and their arguments, people, rooms and groups.
 * Pure.
 */
import type { CommandForm } from "../../commands/commands.ts";
import { type Editor, replace } from "./editor.ts";

/** Names that can be completed. */
export interface KnownNames {
  readonly users: readonly string[];
  readonly rooms: readonly string[];
  readonly groups: readonly string[];
  readonly forms: readonly CommandForm[];
}

/** A completion that goes on while Tab is pressed again. */
export interface ActiveCompletion {
  /** Where the word begins. */
  readonly from: number;
  readonly suggestions: readonly string[];
  /** The one in the line; `undefined`: only what all have in common. */
  readonly chosen: number | undefined;
}

/** What an argument of a command is. */
type Kind = "user" | "users" | "room" | "group" | "where" | readonly string[];

interface Completion {
  readonly from: number;
  readonly suggestions: readonly string[];
  /** Goes after a word that is complete. */
  readonly after: string;
}

/** The editor after Tab: completed as far as it is unambiguous, then one suggestion after another. */
export function completeNext(
  editor: Editor,
  active: ActiveCompletion | undefined,
  known: KnownNames,
  backwards: boolean,
): readonly [Editor, ActiveCompletion | undefined] {
  if (active !== undefined) return cycle(editor, active, backwards);
  const { from, suggestions, after } = completion(editor.text, editor.cursor, known);
  const [first, ...others] = suggestions;
  if (first === undefined) return [editor, undefined];
  if (others.length === 0) {
    const space = editor.text[editor.cursor] === " " ? after.trimEnd() : after;
    return [replace(editor, from, editor.cursor, first + space), undefined];
  }
  const typed = editor.cursor - from;
  const common = commonPrefix(suggestions);
  const longer = common.length > typed ? replace(editor, from, editor.cursor, common) : editor;
  return [longer, { from, suggestions, chosen: undefined }];
}

function cycle(
  editor: Editor,
  active: ActiveCompletion,
  backwards: boolean,
): readonly [Editor, ActiveCompletion] {
  const { from, suggestions, chosen } = active;
  const { length } = suggestions;
  const step = backwards ? length - 1 : 1;
  const next = chosen === undefined ? (backwards ? length - 1 : 0) : (chosen + step) % length;
  const word = suggestions[next] ?? "";
  return [replace(editor, from, editor.cursor, word), { ...active, chosen: next }];
}

/** Suggestions for the word before the cursor, each in the form that replaces it. */
export function completion(text: string, cursor: number, known: KnownNames): Completion {
  const line = text.slice(0, cursor);
  const from = line.search(/\S*$/);
  const word = line.slice(from);
  const before = line.slice(0, from).trim().split(/\s+/).filter((one) => one !== "");
  if (before.length === 0) return first(from, word, known);
  if (/^[@/]/.test(before[0] ?? "")) {
    const second = matching(from, word, secondWords(before, known.forms), " ");
    if (second.suggestions.length > 0) return second;
    const [form, given] = formOf(before, known.forms);
    if (form !== undefined) return argument(from, word, form, given, before, known);
  }
  return inText(from, word, known);
}

/** The first word of a line. */
function first(from: number, word: string, known: KnownNames): Completion {
  if (!/^[@/]/.test(word)) {
    const text = inText(from, word, known);
    return word.startsWith("#") ? text : { ...text, after: ": " };
  }
  const commands = unique(
    known.forms.flatMap(({ words }) => words.map((one) => one.split(" ")[0] ?? "")),
  );
  if (word.startsWith("/")) return matching(from, word, commands, " ");
  const listed = people(from, word, known, "@");
  const called = word.includes(",") ? [] : matching(from, word, commands, " ").suggestions;
  // People first: most private messages begin so.
  return { ...listed, suggestions: [...new Set([...listed.suggestions, ...called])] };
}

/** In the text of a message: people and rooms. */
function inText(from: number, word: string, known: KnownNames): Completion {
  if (word === "") return { from, suggestions: [], after: "" };
  const names = word.startsWith("@")
    ? known.users.map((name) => `@${name}`)
    : word.startsWith("#")
    ? known.rooms.map((name) => `#${name}`)
    : known.users;
  return matching(from, word, names, " ");
}

function argument(
  from: number,
  word: string,
  form: CommandForm,
  given: number,
  before: readonly string[],
  known: KnownNames,
): Completion {
  const kind = kindOf(form, before.length - given);
  if (kind === undefined) return inText(from, word, known);
  switch (kind) {
    case "user":
      return matching(from, word, known.users, " ");
    case "users":
      return people(from, word, known, "");
    case "room":
      return matching(from, word, known.rooms, " ");
    case "group":
      return matching(from, word, known.groups, " ");
    case "where": {
      const places = [
        ...known.rooms.map((name) => `#${name}`),
        ...known.groups.map((name) => `group:${name}`),
        ...known.users.map((name) => `@${name}`),
      ];
      return matching(from, word, places, " ");
    }
    default:
      return matching(from, word, kind, " ");
  }
}

/** Completes the last name of a list such as `ann,bo`. */
function people(from: number, word: string, known: KnownNames, sign: string): Completion {
  const comma = word.lastIndexOf(",") + 1;
  const kept = comma === 0 ? sign : word.slice(0, comma);
  const last = word.slice(comma === 0 ? sign.length : comma);
  const { suggestions } = matching(from, last, known.users, "");
  return { from, suggestions: suggestions.map((name) => kept + name), after: " " };
}

/** The command that a line begins with, and how many words its name has. */
function formOf(
  before: readonly string[],
  forms: readonly CommandForm[],
): readonly [CommandForm | undefined, number] {
  for (const count of [2, 1]) {
    const called = before.slice(0, count).join(" ").toLowerCase();
    const form = before.length >= count && forms.find(({ words }) => words.includes(called));
    if (form) return [form, count];
  }
  return [undefined, 0];
}

/** `set`, `send`, … of `@group`. */
function secondWords(before: readonly string[], forms: readonly CommandForm[]): string[] {
  if (before.length !== 1) return [];
  const called = `${before[0]?.toLowerCase()} `;
  const words = forms.flatMap((form) => form.words).filter((one) => one.startsWith(called));
  return words.map((one) => one.slice(called.length));
}

/** What the command takes as its argument number `at`, read off its usage. */
function kindOf({ words, usages }: CommandForm, at: number): Kind | undefined {
  for (const [usage] of usages) {
    const called = words.find((one) => usage === one || usage.startsWith(`${one} `));
    // The usage of `/msg` is `@USER TEXT`.
    const rest = called === undefined ? usage.replace(/^@/, "") : usage.slice(called.length);
    const placeholder = rest.trim().split(/\s+/)[at]?.replaceAll(/[[\]]/g, "");
    const kind = placeholder === undefined ? undefined : kindOfPlaceholder(placeholder, words);
    if (kind !== undefined) return kind;
  }
  return undefined;
}

function kindOfPlaceholder(placeholder: string, words: readonly string[]): Kind | undefined {
  if (/^[a-z]+(\|[a-z]+)+$/.test(placeholder)) return placeholder.split("|");
  switch (placeholder) {
    case "USER":
      return words.includes("/msg") ? "users" : "user";
    case "USER,USER":
    case "ann,bob":
      return "users";
    case "ROOM":
      return "room";
    case "NAME":
      return words.some((one) => one.startsWith("@group")) ? "group" : undefined;
    case "WHERE":
    case "WHOM":
      return "where";
    default:
      return undefined;
  }
}

function matching(
  from: number,
  word: string,
  names: readonly string[],
  after: string,
): Completion {
  const typed = word.toLowerCase();
  return { from, suggestions: unique(names.filter((name) => name.startsWith(typed))), after };
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)].toSorted();
}

function commonPrefix(words: readonly string[]): string {
  const [first = "", ...others] = words;
  let length = first.length;
  for (const word of others) {
    while (!word.startsWith(first.slice(0, length))) length--;
  }
  return first.slice(0, length);
}
