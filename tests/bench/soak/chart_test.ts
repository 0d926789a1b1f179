import assert from "node:assert/strict";
import { drawCharts } from "../../../bench/soak/chart.ts";

function draw(values: readonly number[], times = values.map((_, at) => at)): string {
  const charts = [{ title: "Memory", unit: "MiB", lines: [{ name: "a < b", values }] }];
  return drawCharts({ title: "10 people & more", times, charts });
}

/** The points of the line, as pairs. */
function points(svg: string): number[][] {
  const [, list = ""] = /<polyline class="l0" points="([^"]*)"/.exec(svg) ?? [];
  return list.split(" ").filter((point) => point !== "").map((point) =>
    point.split(",").map(Number)
  );
}

Deno.test("drawCharts draws each line from zero, to the right and upwards", () => {
  const svg = draw([0, 50, 100]);
  const [first = [], second = [], third = []] = points(svg);
  assert.ok((first[0] ?? 0) < (second[0] ?? 0) && (second[0] ?? 0) < (third[0] ?? 0));
  assert.ok((first[1] ?? 0) > (second[1] ?? 0) && (second[1] ?? 0) > (third[1] ?? 0));
  for (const label of ["Memory", "(MiB)", "minutes", ">100<", ">0<"]) {
    assert.ok(svg.includes(label), label);
  }
});

Deno.test("drawCharts leaves out what was not measured", () => {
  assert.equal(points(draw([1, NaN, 3])).length, 2);
  assert.equal(points(draw([NaN, NaN])).length, 0);
  assert.ok(!draw([NaN, NaN]).includes("NaN"));
  assert.ok(!draw([]).includes("NaN"));
});

Deno.test("drawCharts writes texts as XML, and has colours for light and dark", () => {
  const svg = draw([1, 2]);
  assert.ok(svg.includes("10 people &#38; more") && svg.includes("a &#60; b"));
  assert.match(svg, /prefers-color-scheme:dark/);
});
