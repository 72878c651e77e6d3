// Draws each [data-chart] with uPlot, in the colours of the tokens: bars by UTC day, from zero.
// Several series stand on each other, the first on top; new numbers are drawn without a flicker.

const probe = document.createElement("span");
probe.hidden = true;
document.body.append(probe);
const colour = (name, other) => {
  probe.style.color = other ? `var(${name}, var(${other}))` : `var(${name})`;
  return getComputedStyle(probe).color;
};
const round = [...Array(22).keys()].flatMap((e) => [1, 2, 5].map((n) => Number(`${n}e${e - 6}`)));
// Small amounts are not zero: a call may cost a millionth of a credit.
const amount = (value) => value.toLocaleString("en", { maximumFractionDigits: 6 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 2 });
const tick = (value) => (Math.abs(value) >= 100_000 ? short.format(value) : amount(value));
const day = (at) => new Date(at * 1000).toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
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

// Where nobody points at a bar, the legend tells of the last one.
const named = (days, at) => (at == null ? day(days.at(-1)) : `${day(days[at])} (from ${new Date(days[at] * 1000).toLocaleString()} local time)`);

// The marks of the upright axis: a few round ones, the last no lower than the highest bar.
function marks(most, whole) {
  const step = round.find((n) => most / n <= 5 && (n >= 1 || !whole));
  return [...Array(Math.ceil(most / step - 1e-9) + 1).keys()].map((n) => n * step);
}

function look(element, { days, series }) {
  const { whole } = series[0];
  const ink = colour("--ink-3"), line = colour("--line");
  const bars = uPlot.paths.bars({ size: [0.7, 26], radius: series.length > 1 ? 0 : 0.18 });
  const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: "12px Geist, sans-serif" };
  const fill = (n) => (series.length > 1 ? colour(`--series-${n + 1}`, "--lumen") : colour("--lumen"));
  return {
    width: element.clientWidth,
    height: 224,
    tzDate: (at) => uPlot.tzDate(new Date(at * 1e3), "Etc/UTC"),
    cursor: { points: { show: false }, drag: { setScale: false } },
    scales: { x: { range: (_, first, last) => [first - 43200, last + 43200] }, y: { range: (_, __, most) => [0, most > 0 ? marks(most, whole).at(-1) : 1] } },
    axes: [{ ...axis, grid: { show: false }, values: (_, splits) => splits.map(day) }, { ...axis, size: whole ? 56 : 76, splits: (_, __, ___, most) => marks(most, whole), values: (_, splits) => splits.map(tick) }],
    series: [
      { label: "UTC day", value: (plot, _, __, at) => named(plot.data[0], at) },
      ...series.map((one, n) => ({
        label: one.name, stroke: fill(n), width: 0, fill: fill(n), paths: bars, points: { show: false },
        value: (_, __, ___, at) => `${amount(element.series[n].values.at(at ?? -1))} ${one.unit}`,
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
