import assert from "node:assert/strict";
import { spansOf, svgOf } from "../../scripts/ansi_svg.ts";

Deno.test("spansOf reads colours and weights, which continue in the next row", () => {
  const styles = spansOf(["\u001b[1ma\u001b[32mb", "c\u001b[0;7md\u001b[mplain"])
    .map((row) => row.map(({ text, style }) => [text, style.bold, style.color, style.inverse]));
  assert.deepEqual(styles, [
    [["a", true, undefined, false], ["b", true, 2, false]],
    [["c", true, 2, false], ["d", false, undefined, true], ["plain", false, undefined, false]],
  ]);
});

Deno.test("svgOf puts text into cells, and escapes markup", () => {
  const svg = svgOf({ rows: ["日<b>&"], columns: 10, title: 'a "title"' });
  assert.match(svg, /textLength="50\.4"[^>]*>日&#60;b&#62;&#38;</);
  assert.match(svg, /aria-label="a &#34;title&#34;"/);
});
