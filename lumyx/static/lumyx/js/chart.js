// Draws each [data-chart] with uPlot, in the colours of the tokens: bars by UTC day, from zero.

const colour = (name) => {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
};
const whole = [1, 2, 5].flatMap((n) => [...Array(9).keys()].map((e) => n * 10 ** e)).sort((a, b) => a - b);
// Small amounts are not zero: a call may cost a millionth of a credit.
const amount = (value) => value.toLocaleString("en", { maximumFractionDigits: 6 });
const drawn = new Map();

function draw(element) {
  drawn.get(element)?.destroy();
  const { days, series } = JSON.parse(document.getElementById(element.dataset.chart).textContent);
  const ink = colour("--ink-3"), line = colour("--line"), fill = colour("--lumen");
  const bars = uPlot.paths.bars({ size: [0.7, 26], radius: 0.18 });
  const day = (at) => new Date(at * 1000).toLocaleDateString("en", { day: "numeric", month: "short", timeZone: "UTC" });
  const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: "12px Geist, sans-serif" };
  drawn.set(element, new uPlot({
    width: element.clientWidth,
    height: 224,
    tzDate: (at) => uPlot.tzDate(new Date(at * 1e3), "Etc/UTC"),
    cursor: { points: { show: false }, drag: { setScale: false } },
    scales: { x: { range: (_, first, last) => [first - 43200, last + 43200] }, y: { range: (_, __, most) => [0, most > 0 ? most * 1.08 : 1] } },
    axes: [{ ...axis, grid: { show: false }, values: (_, splits) => splits.map(day) }, { ...axis, size: series[0].whole ? 56 : 76, incrs: series[0].whole ? whole : undefined, values: (_, splits) => splits.map(amount) }],
    series: [
      { label: "UTC day", value: (_, at) => (at ? `${day(at)} (local ${new Date(at * 1000).toLocaleString()})` : "–") },
      ...series.map((one) => ({ label: one.name, stroke: fill, width: 0, fill, paths: bars, points: { show: false }, value: (_, v) => (v == null ? "–" : `${v} ${one.unit}`) })),
    ],
  }, [days, ...series.map((one) => one.values)], element));
}

const redraw = () => document.querySelectorAll("[data-chart]").forEach(draw);
redraw();
addEventListener("resize", redraw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
document.addEventListener("htmx:afterSettle", redraw);
