/**
 * Makes text from other people harmless for a terminal: characters that would act are shown instead.
 * For messages, names and texts of the server alike. It does not wrap or colour.
 */

/**
 * Characters that act on a terminal or are invisible: C0, DEL and C1 controls (Cc); format
 * characters (Cf), with the marks, embeddings, overrides and isolates of the bidirectional algorithm
 * (Unicode TR9, section 2); line and paragraph separators (Zl, Zp); halves of surrogate pairs (Cs);
 * and U+2065, which is reserved for a control. Except for the joiners, which emoji and many scripts
 * need, and the visible prepended concatenation marks.
 */
const ACTING =
  /(?![\u200c\u200d\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u2065]/gu;

/** Marks and joiners on one character. Living scripts need at most five. */
const LONGEST_STACK = 8;
const STACK = new RegExp(
  `([\\p{M}\\u200c\\u200d]{${LONGEST_STACK}})([\\p{M}\\u200c\\u200d]+)`,
  "gu",
);

/** The text on one line, safe to write to a terminal. */
export function safeText(text: string): string {
  return text.replace(ACTING, visible).replace(
    STACK,
    (_, kept: string, surplus: string) => `${kept}[+${[...surplus].length} marks]`,
  );
}

/** Safe text, cut to a length in characters: for text without a limit of its own. */
export function safeLabel(text: string, longest: number): string {
  const characters = [...safeText(text.slice(0, longest * 8))];
  return characters.length <= longest
    ? characters.join("")
    : `${characters.slice(0, longest).join("")}…`;
}

/**
 * A value as JSON in which the same characters are escaped. A parser reads the original text, and a
 * terminal shows it without acting on it.
 */
export function safeJson(value: unknown): string {
  return (JSON.stringify(value) ?? "null").replace(ACTING, escaped).replace(
    STACK,
    (_, kept: string, surplus: string) => kept + escaped(surplus),
  );
}

function escaped(text: string): string {
  let units = "";
  for (let unit = 0; unit < text.length; unit++) {
    units += `\\u${text.charCodeAt(unit).toString(16).padStart(4, "0")}`;
  }
  return units;
}

function visible(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code === 0x09) return " ";
  // Unicode has a picture for each C0 control, and for DEL.
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  return `\\u{${code.toString(16)}}`;
}
