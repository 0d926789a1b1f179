/**
 * Charts as SVG, one above the other over one axis of time: for a page, in light and dark. Pure.
 */

export interface Chart {
  readonly title: string;
  /** Of the vertical axis. */
  readonly unit: string;
  readonly lines: readonly Line[];
}

interface Line {
  readonly name: string;
  /** One for each time. NaN: there is none. */
  readonly values: readonly number[];
}

interface Picture {
  readonly title: string;
  /** Minutes, in order. */
  readonly times: readonly number[];
  readonly charts: readonly Chart[];
}

const WIDTH = 760;
const PLOT = { left: 64, right: WIDTH - 16, height: 130 } as const;
const CHART = PLOT.height + 62;
const HEADER = 34;
const FOOTER = 34;
const TICKS = 4;
const FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif";
/** Of lines, in light and dark: told apart with colour-blind eyes too. */
const COLORS = [
  ["#0072b2", "#56b4e9"],
  ["#d55e00", "#e69f00"],
  ["#007a5a", "#3ecf9f"],
] as const;

export function drawCharts({ title, times, charts }: Picture): string {
  const height = HEADER + charts.length * CHART + FOOTER;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" ` +
    `role="img" aria-label="${escape(title)}" font-family="${FONT}" font-size="12">`,
    style(),
    `<rect class="ground" width="${WIDTH}" height="${height}" rx="8"/>`,
    `<text class="title" x="${PLOT.left}" y="24">${escape(title)}</text>`,
    ...charts.flatMap((chart, at) => drawChart(chart, times, HEADER + at * CHART)),
    ...drawTimes(times, HEADER + charts.length * CHART - CHART + 40 + PLOT.height),
    "</svg>",
    "",
  ].join("\n");
}

function style(): string {
  const strokes = (dark: 0 | 1) =>
    COLORS.map((colors, at) => `.l${at}{stroke:${colors[dark]}}.n${at}{fill:${colors[dark]}}`).join(
      "",
    );
  return `<style>.ground{fill:#fff}text{fill:#24292f}.title{font-weight:600;font-size:14px}` +
    `.faint{fill:#57606a}.grid{stroke:#d0d7de;stroke-width:1}` +
    `polyline{fill:none;stroke-width:1.6;stroke-linejoin:round}${strokes(0)}` +
    `@media (prefers-color-scheme:dark){.ground{fill:#0d1117}text{fill:#e6edf3}` +
    `.faint{fill:#9198a1}.grid{stroke:#30363d}${strokes(1)}}</style>`;
}

function drawChart({ title, unit, lines }: Chart, times: readonly number[], top: number): string[] {
  const plotTop = top + 40;
  const most = Math.max(...lines.flatMap(({ values }) => values.filter(Number.isFinite)), 0);
  const step = niceStep(most / TICKS);
  const end = Math.max(step, Math.ceil(most / step) * step);
  const y = (value: number) => plotTop + PLOT.height * (1 - value / end);
  const x = xOf(times);
  const grid: string[] = [];
  for (let value = 0; value <= end + step / 2; value += step) {
    const at = round(y(value));
    grid.push(
      `<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${at}" y2="${at}"/>`,
      `<text class="faint" x="${PLOT.left - 8}" y="${at + 4}" text-anchor="end">` +
        `${formatTick(value, step)}</text>`,
    );
  }
  let right: number = PLOT.right;
  const names = lines.map(({ name }, at) => {
    const end = right;
    right -= 14 + name.length * 6.6;
    return `<text class="n${at}" x="${round(end)}" y="${top + 28}" text-anchor="end">` +
      `${escape(name)}</text>`;
  }).toReversed();
  return [
    `<text x="${PLOT.left}" y="${top + 28}">${escape(title)}` +
    `<tspan class="faint">${unit === "" ? "" : ` (${escape(unit)})`}</tspan></text>`,
    ...names,
    ...grid,
    ...lines.map(({ values }, at) => {
      const points = values.flatMap((value, index) =>
        Number.isFinite(value) ? [`${round(x(times[index] ?? 0))},${round(y(value))}`] : []
      );
      return `<polyline class="l${at}" points="${points.join(" ")}"/>`;
    }),
  ];
}

/** The labels of the axis of time. */
function drawTimes(times: readonly number[], bottom: number): string[] {
  const x = xOf(times);
  const end = times.at(-1) ?? 0;
  const step = niceStep(end / 10);
  const labels: string[] = [];
  for (let minute = 0; minute <= end + step / 100; minute += step) {
    labels.push(
      `<text class="faint" x="${round(x(minute))}" y="${bottom + 18}" text-anchor="middle">` +
        `${formatTick(minute, step)}</text>`,
    );
  }
  const middle = (PLOT.left + PLOT.right) / 2;
  return [
    ...labels,
    `<text class="faint" x="${middle}" y="${bottom + 36}" text-anchor="middle">minutes</text>`,
  ];
}

function xOf(times: readonly number[]): (minute: number) => number {
  const end = times.at(-1) ?? 1;
  return (minute) => PLOT.left + (PLOT.right - PLOT.left) * minute / end;
}

/** 1, 2 or 5 times a power of ten: the least that is not below. */
function niceStep(least: number): number {
  if (!(least > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 5, 10].find((each) => each * power >= least * 0.999) ?? 10;
  return factor * power;
}

function formatTick(value: number, step: number): string {
  return value.toFixed(Math.max(0, -Math.floor(Math.log10(step))));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
