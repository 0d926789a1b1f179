/** Tables in Markdown. Pure. */

/** The first row is the head. The first column is text, and the others are numbers. */
export function tableOf([head = [], ...rows]: readonly (readonly string[])[]): string {
  return rowsOf([head, head.map((_, column) => column === 0 ? "---" : "---:"), ...rows]);
}

export function rowsOf(rows: readonly (readonly string[])[]): string {
  return rows.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
