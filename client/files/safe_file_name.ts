/**
 * Makes the name of a file that another user sent safe to create on any system. Pure.
 *
 * A safe name MUST
 * 1. have no separator, no control character, none that reverses or hides text, and none that
 *    Windows forbids,
 * 2. not be empty, start with a dot or a dash, or end with a dot or a space: it is no hidden file,
 *    no option, and neither `.` nor `..`,
 * 3. not be a name that Windows reserves for devices,
 * 4. have at most `MAX_BYTES` bytes in UTF-8, including its extension,
 * 5. be unchanged when it is made safe again.
 */

/** File systems allow 255; the rest is for `.part` and numbers. */
export const MAX_BYTES = 200;

const FALLBACK = "file";

/**
 * Control and format characters (except the joiners that scripts need), line separators, lone
 * surrogates, private use, unassigned.
 */
const INVISIBLE = /(?![\u200c\u200d])[\p{C}\p{Zl}\p{Zp}]/gu;
/** Forbidden on Windows, where a colon also names an alternate data stream. */
const FORBIDDEN = /[<>:"|?*]/g;
/** More combining marks than any script uses: they would cover the lines around the name. */
const MARKS = /([\p{M}\u200c\u200d]{8})[\p{M}\u200c\u200d]+/gu;
/** Reserved on Windows, with any extension. */
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|clock\$|com[0-9¹²³]|lpt[0-9¹²³])(?=\s*(\.|$))/i;
/** Bytes. What is longer is not an extension. */
const MAX_EXTENSION = 24;

const encoder = new TextEncoder();

/** The safe name for `given`. */
export function safeFileName(given: string): string {
  let name = given;
  // A character that one step removes may reveal what another step looks for.
  for (let round = 0; round < 8; round++) {
    const cleaned = clean(name);
    if (cleaned === name) return name;
    name = cleaned;
  }
  return FALLBACK;
}

/** `name.ext` for 0, then `name (1).ext`, `name (2).ext`. */
export function numberedName(name: string, number: number): string {
  if (number === 0) return name;
  const [stem, extension] = parts(name);
  return `${stem} (${number})${extension}`;
}

function clean(given: string): string {
  // A frame may carry much more than a name, and every step below reads all of it.
  const path = given.slice(-4096);
  const last = path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
  const visible = last
    .replace(/\p{Zs}+|[\t\n\r]+/gu, " ")
    .replace(INVISIBLE, "")
    .normalize("NFC")
    .replace(MARKS, "$1")
    .replace(FORBIDDEN, "_")
    .replace(/^[\s.-]+/, "");
  const name = shorten(visible.replace(/[\s.]+$/, ""));
  if (name === "") return FALLBACK;
  return DEVICE.test(name) ? `_${name}` : name;
}

/** Cuts the name before its extension. */
function shorten(name: string): string {
  if (bytesOf(name) <= MAX_BYTES) return name;
  const [stem, extension] = parts(name);
  let left = MAX_BYTES - bytesOf(extension);
  let cut = "";
  for (const character of stem) {
    left -= bytesOf(character);
    if (left < 0) break;
    cut += character;
  }
  return `${cut.replace(/[\s.]+$/, "")}${extension}`;
}

function parts(name: string): [stem: string, extension: string] {
  const dot = name.lastIndexOf(".");
  const extension = name.slice(dot);
  if (dot <= 0 || bytesOf(extension) > MAX_EXTENSION) return [name, ""];
  return [name.slice(0, dot), extension];
}

function bytesOf(text: string): number {
  return encoder.encode(text).length;
}
