/**
 * Decodes what a terminal sends: text, named keys, pastes, and changes of the window's focus. It has
 * no timer: its caller decides when an escape is a key of its own (`flush`).
 */

export type Key =
  | { readonly type: "text"; readonly text: string }
  /** `Enter`, `Left`, `C-a`, `M-b`: as Emacs writes them, with `C-` for Ctrl and `M-` for Alt. */
  | { readonly type: "key"; readonly name: string }
  | { readonly type: "paste"; readonly text: string }
  | { readonly type: "focus"; readonly focused: boolean };

/** Characters of a paste, of which the rest is dropped. No message is as long. */
const LONGEST_PASTE = 64 * 1024;
/** Characters of an escape sequence. Anything longer is not one. */
const LONGEST_SEQUENCE = 64;

const PASTE_BEGINS = "\u001b[200~";
const PASTE_ENDS = "\u001b[201~";

/** ECMA-48, section 5.4: CSI, parameters, intermediates, final. SS3 takes one character. */
// deno-lint-ignore no-control-regex -- escape sequences are what this reads
const SEQUENCE = /^\u001b(?:\[(?<parameters>[0-?]*)[ -/]*(?<final>[@-~])|O(?<single>[ -~]))/;
// deno-lint-ignore no-control-regex -- as above
const UNFINISHED = /^\u001b(?:\[[0-?]*[ -/]*|O)?$/;
// deno-lint-ignore no-control-regex -- text ends at a control character
const TEXT = /^[^\u0000-\u001f\u007f-\u009f]+/;

/** By the final character of CSI and SS3 sequences. */
const BY_FINAL: Readonly<Record<string, string>> = {
  A: "Up",
  B: "Down",
  C: "Right",
  D: "Left",
  F: "End",
  H: "Home",
  M: "Enter",
  Z: "S-Tab",
};

/** By the number before `~`. */
const BY_NUMBER: Readonly<Record<string, string>> = {
  "1": "Home",
  "3": "Delete",
  "4": "End",
  "7": "Home",
  "8": "End",
};

const BY_CONTROL: Readonly<Record<string, string>> = {
  "\r": "Enter",
  "\n": "Enter",
  "\t": "Tab",
  "\u0008": "Backspace",
  "\u007f": "Backspace",
};

export class KeyDecoder {
  #rest = "";
  #paste: string | undefined;

  /** Whether an escape has come that may begin a sequence. */
  get pending(): boolean {
    return this.#paste === undefined && this.#rest !== "";
  }

  push(text: string): Key[] {
    this.#rest += text;
    const keys: Key[] = [];
    while (this.#rest !== "") {
      const key = this.#paste === undefined ? this.#next() : this.#nextOfPaste();
      if (key === undefined) break;
      if (key !== "nothing") keys.push(key);
    }
    return keys;
  }

  /** Ends the wait for the rest of a sequence: the escape is a key. */
  flush(): Key[] {
    if (!this.pending) return [];
    const rest = this.#rest.slice(1);
    this.#rest = "";
    return [{ type: "key", name: "Escape" }, ...this.push(rest)];
  }

  /** `undefined`: more text is needed. `nothing`: something that is not a key was skipped. */
  #next(): Key | "nothing" | undefined {
    const [first = ""] = this.#rest;
    if (first === "\u001b") return this.#afterEscape();
    const text = TEXT.exec(this.#rest)?.[0];
    if (text !== undefined) return this.#take(text.length, { type: "text", text });
    this.#rest = this.#rest.slice(first.length);
    return controlKey(first) ?? "nothing";
  }

  #afterEscape(): Key | "nothing" | undefined {
    if (this.#rest.startsWith(PASTE_BEGINS)) {
      this.#paste = "";
      return this.#take(PASTE_BEGINS.length, "nothing");
    }
    if (UNFINISHED.test(this.#rest) && this.#rest.length < LONGEST_SEQUENCE) return undefined;
    const sequence = SEQUENCE.exec(this.#rest);
    if (sequence !== null) {
      const { parameters = "", final, single } = sequence.groups ?? {};
      return this.#take(sequence[0].length, namedKey(parameters, final ?? single ?? ""));
    }
    // Alt sends an escape before the character.
    const second = String.fromCodePoint(this.#rest.codePointAt(1) ?? 0x1b);
    if (second === "\u001b") return this.#take(1, { type: "key", name: "Escape" });
    const key = controlKey(second)?.name ?? second.toLowerCase();
    return this.#take(1 + second.length, { type: "key", name: `M-${key}` });
  }

  #nextOfPaste(): Key | undefined {
    const end = this.#rest.indexOf(PASTE_ENDS);
    // The end marker may come in two chunks: its beginning is not text.
    const until = end < 0 ? this.#rest.length - (PASTE_ENDS.length - 1) : end;
    if (until > 0) {
      const text = (this.#paste ?? "") + this.#rest.slice(0, until);
      this.#paste = text.slice(0, LONGEST_PASTE);
      this.#rest = this.#rest.slice(until);
    }
    if (end < 0) return undefined;
    const text = (this.#paste ?? "").replaceAll(/\r\n?/g, "\n");
    this.#paste = undefined;
    return this.#take(PASTE_ENDS.length, { type: "paste", text });
  }

  #take<T>(length: number, key: T): T {
    this.#rest = this.#rest.slice(length);
    return key;
  }
}

function controlKey(character: string): Extract<Key, { type: "key" }> | undefined {
  const code = character.charCodeAt(0);
  const name = BY_CONTROL[character] ??
    (code > 0 && code < 0x1b ? `C-${String.fromCharCode(code + 0x60)}` : undefined);
  return name === undefined ? undefined : { type: "key", name };
}

function namedKey(parameters: string, final: string): Key | "nothing" {
  if (parameters === "" && (final === "I" || final === "O")) {
    return { type: "focus", focused: final === "I" };
  }
  // Mouse events and reports of the terminal have other characters among their parameters.
  if (!/^[\d;]*$/.test(parameters)) return "nothing";
  const [number = "", modifiers = "1"] = parameters.split(";");
  const name = final === "~" ? BY_NUMBER[number] : BY_FINAL[final];
  if (name === undefined) return "nothing";
  // xterm's modifiers: 1 plus the sum of 1 for Shift, 2 for Alt and 4 for Ctrl.
  const bits = Number(modifiers) - 1;
  const prefix = `${bits & 4 ? "C-" : ""}${bits & 2 ? "M-" : ""}`;
  return { type: "key", name: `${prefix}${name}` };
}
