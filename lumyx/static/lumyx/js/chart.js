// Draws each [data-chart] with uPlot, in the colours of the tokens: bars by UTC day, from zero.
// Several series stand on each other, the first on top; new numbers are drawn without a flicker.

const probe = document.createElement("span");
probe.hidden = true;
document.body.append(probe);
const colour = (name, other) => {
  probe.style.color = other ? `var(${name}, var(${other}))` : `var(${name})`;
  return getComputedStyle(probe).color;
};
const whole = [1, 2, 5].flatMap((n) => [...Array(15).keys()].map((e) => n * 10 ** e)).sort((a, b) => a - b);
// Small amounts are not zero: a call may cost a millionth of a credit.
const amount = (value) => value.toLocaleString("en", { maximumFractionDigits: 6 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 2 });
const tick = (value) => (Math.abs(value) >= 100_000 ? short.format(value) : amount(value));
const day = (at) => new Date(at * 1000).toLocaleDateString("en", { day: "numeric", month: "short", timeZone: "UTC" });
const drawn = new Map();

// Each series is drawn as high as itself and all below it; those below then cover its foot.
function stacked(series) {
  const heights = [];
  for (const one of [...series].reverse()) {
    const below = heights[0];
    heights.unshift(below ? one.values.map((value, n) => value + below[n]) : one.values);
  }
  return heights;
}

function look(element, { days, series }) {
  const ink = colour("--ink-3"), line = colour("--line");
  const bars = uPlot.paths.bars({ size: [0.7, 26], radius: series.length > 1 ? 0 : 0.18 });
  const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: "12px Geist, sans-serif" };
  const fill = (n) => (series.length > 1 ? colour(`--series-${n + 1}`, "--lumen") : colour("--lumen"));
  return {
    width: element.clientWidth,
    height: 224,
    tzDate: (at) => uPlot.tzDate(new Date(at * 1e3), "Etc/UTC"),
    cursor: { points: { show: false }, drag: { setScale: false } },
    scales: { x: { range: (_, first, last) => [first - 43200, last + 43200] }, y: { range: (_, __, most) => [0, most > 0 ? most * 1.08 : 1] } },
    axes: [{ ...axis, grid: { show: false }, values: (_, splits) => splits.map(day) }, { ...axis, size: series[0].whole ? 56 : 76, incrs: series[0].whole ? whole : undefined, values: (_, splits) => splits.map(tick) }],
    series: [
      { label: "UTC day", value: (_, at) => (at ? `${day(at)} (local ${new Date(at * 1000).toLocaleString()})` : "–") },
      ...series.map((one, n) => ({
        label: one.name, stroke: fill(n), width: 0, fill: fill(n), paths: bars, points: { show: false },
        value: (_, __, ___, at) => (at == null ? "–" : `${amount(element.series[n].values[at])} ${one.unit}`),
      })),
    ],
  };
}

function draw(element, anew) {
  const found = JSON.parse(document.getElementById(element.dataset.chart).textContent);
  const before = drawn.get(element);
  element.series = found.series;
  if (found.title) element.ariaLabel = `${found.title}; the table below has the numbers.`;
  const data = [found.days, ...stacked(found.series)];
  const shape = JSON.stringify(found.series.map((one) => [one.name, one.unit]));
  if (before && before.shape === shape && !anew) {
    if (JSON.stringify(before.plot.data) !== JSON.stringify(data)) before.plot.setData(data);
    return;
  }
  before?.plot.destroy();
  drawn.set(element, { shape, plot: new uPlot(look(element, found), data, element) });
}

const redraw = (anew) => document.querySelectorAll("[data-chart]").forEach((element) => draw(element, anew));
redraw();
addEventListener("resize", () => drawn.forEach(({ plot }, element) => plot.setSize({ width: element.clientWidth, height: 224 })));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraw(true));
document.addEventListener("htmx:afterSettle", () => redraw());
document.addEventListener("htmx:oobAfterSwap", () => redraw());
