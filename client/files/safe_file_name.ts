/**
 * Names of files that others gave, made into names that can be written here: one name and no path,
 * on every system, that looks like what it is. Pure.
 *
 * A name that comes out of here
 * 1. has no separator, no control, no character that turns or hides text, and none that Windows
 *    forbids,
 * 2. is not empty, begins with no dot and no dash, and ends with no dot and no space: it is no
 *    hidden file, no option, and neither `.` nor `..`,
 * 3. is no name that Windows keeps for devices,
 * 4. has at most `LONGEST` bytes in UTF-8, its extension among them,
 * 5. comes out as itself if it goes in again.
 */

/** A file system takes 255; this leaves room for what is put around it. */
export const LONGEST = 200;

const NAMELESS = "file";

/**
 * Controls, format characters (but for the joiners that scripts need), separators of lines, halves
 * of surrogates, private use and unassigned.
 */
const UNSEEN = /(?![\u200c\u200d])[\p{C}\p{Zl}\p{Zp}]/gu;
/** What Windows takes in no name; a colon also names a hidden part of a file there. */
const FORBIDDEN = /[<>:"|?*]/g;
/** More marks on one character than any script uses: a stack that covers its neighbours. */
const STACK = /([\p{M}\u200c\u200d]{8})[\p{M}\u200c\u200d]+/gu;
/** Devices, whatever the extension. */
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|clock\$|com[0-9¹²³]|lpt[0-9¹²³])(?=\s*(\.|$))/i;
/** Longer ones are no extensions. */
const LONGEST_EXTENSION = 24;

const encoder = new TextEncoder();

/** The name under which a file may be written that somebody else calls `given`. */
export function safeFileName(given: string): string {
  let name = given;
  // What one step takes away can bring together what another one looks for.
  for (let round = 0; round < 8; round++) {
    const cleaned = clean(name);
    if (cleaned === name) return name;
    name = cleaned;
  }
  return NAMELESS;
}

/** `name` for 0, then `name (1)`, `name (2)`, before the extension. */
export function numberedName(name: string, number: number): string {
  if (number === 0) return name;
  const [stem, extension] = parts(name);
  return `${stem} (${number})${extension}`;
}

function clean(given: string): string {
  // Cut first: a frame may bring more than a name, and what follows looks at every character.
  const path = given.slice(-4096);
  const last = path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
  const seen = last
    .replace(/\p{Zs}+|[\t\n\r]+/gu, " ")
    .replace(UNSEEN, "")
    .normalize("NFC")
    .replace(STACK, "$1")
    .replace(FORBIDDEN, "_")
    .replace(/^[\s.-]+/, "");
  const name = shortened(seen.replace(/[\s.]+$/, ""));
  if (name === "") return NAMELESS;
  return DEVICE.test(name) ? `_${name}` : name;
}

/** The name within `LONGEST` bytes, cut before its extension. */
function shortened(name: string): string {
  if (bytesOf(name) <= LONGEST) return name;
  const [stem, extension] = parts(name);
  let left = LONGEST - bytesOf(extension);
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
  if (dot <= 0 || bytesOf(extension) > LONGEST_EXTENSION) return [name, ""];
  return [name.slice(0, dot), extension];
}

function bytesOf(text: string): number {
  return encoder.encode(text).length;
}
