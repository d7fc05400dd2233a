// Charts in SVG: lines with bands, and points with bars, on linear or logarithmic axes.

const PALETTE = 8;
const SHAPES = ["circle", "square", "triangle", "diamond"];
const LETTER = 6.3; // pixels of a letter of a name, at most
const MARGIN = { left: 58, right: 14, top: 10, bottom: 40 };
// As on the figures of the markdown page: an error that reaches so far beyond its median is drawn logarithmically.
const DECADES = 30;

function spansDecades(values) {
  const positive = values.filter((value) => value > 0).sort((a, b) => a - b);
  return positive.length > 0 && positive.at(-1) > DECADES * positive[Math.floor(positive.length / 2)];
}

function colour(place) {
  return `var(--c${place % PALETTE})`;
}

function shape(kind, x, y, size) {
  const paths = {
    circle: `M${x - size},${y}a${size},${size} 0 1 0 ${2 * size},0a${size},${size} 0 1 0 ${-2 * size},0`,
    square: `M${x - size},${y - size}h${2 * size}v${2 * size}h${-2 * size}z`,
    triangle: `M${x},${y - 1.2 * size}L${x + 1.2 * size},${y + size}H${x - 1.2 * size}z`,
    diamond: `M${x},${y - 1.3 * size}L${x + 1.3 * size},${y}L${x},${y + 1.3 * size}L${x - 1.3 * size},${y}z`,
  };
  return paths[kind];
}

function scale(values, log, from, to, fixed = null) {
  const usable = values.filter((value) => Number.isFinite(value) && (!log || value > 0));
  let [low, high] = fixed ?? [Math.min(...usable), Math.max(...usable)];
  if (!fixed && log) {
    const room = low === high ? 2 : (high / low) ** 0.04;
    [low, high] = [low / room, high * room];
  } else if (!fixed) {
    const room = low === high ? Math.abs(low) || 1 : high - low;
    [low, high] = [low >= 0 && low < 0.3 * room ? 0 : low - 0.05 * room, high + 0.05 * room];
  }
  const place = log ? Math.log10 : (value) => value;
  const at = (value) => from + ((place(value) - place(low)) / (place(high) - place(low))) * (to - from);
  return { at, low, high, ticks: log ? logTicks(low, high) : linearTicks(low, high) };
}

function linearTicks(low, high) {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++)
    ticks.push([i * step, show(Number((i * step).toPrecision(12)), 4).replace(/\.?0+e/, "e")]);
  return ticks;
}

function logTicks(low, high) {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const decades = Math.log10(high / low);
  const step = Math.max(1, Math.ceil(decades / 6));
  const factors = decades < 1.5 ? [1, 2, 5] : decades < 2.5 ? [1, 3] : [1];
  const ticks = [];
  for (let power = first; power <= last; power++) {
    if ((power - first) % step) continue;
    for (const factor of factors) {
      const value = factor * 10 ** power;
      if (value >= low && value <= high) ticks.push([value, show(Number(value.toPrecision(3)), 1)]);
    }
  }
  return ticks;
}

// series: [{label, style, dashed, points: [{x, y, low, high, text}], line, band, bars, shape}]
function chart({ width, height = 300, series, logX = false, logY = false, xRange = null, front = null, ...words }) {
  const points = series.flatMap((one) => one.points);
  const extent = points.flatMap((p) => [p.y, p.low, p.high]);
  const x = scale(points.map((p) => p.x), logX, MARGIN.left, width - MARGIN.right, xRange);
  const y = scale(extent, logY, height - MARGIN.bottom, MARGIN.top);
  const root = svg("svg", { class: "chart", width, height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": words.title });
  drawAxes(root, x, y, width, height, words);
  if (front) root.append(svg("path", { class: "front", d: path(front, x, y) }));
  const usable = (p) => (!logY || p.y > 0) && (!logX || p.x > 0);
  for (const one of series) drawSeries(root, one, one.points.filter(usable), x, y, logY, words.onOpen);
  if (front) drawNames(root, front.filter(usable), x, y, width);
  return withReadout(root, series, x, y, usable);
}

function drawSeries(root, one, shown, x, y, logY, onOpen) {
  // What has no place on a logarithmic axis ends at its foot.
  const floor = (value) => (logY && value <= 0 ? y.low : Math.max(value, y.low));
  if (one.band && shown.length) {
    const upper = shown.map((p) => `${x.at(p.x)},${y.at(floor(p.high))}`);
    const lower = shown.map((p) => `${x.at(p.x)},${y.at(floor(p.low))}`).reverse();
    root.append(svg("path", { class: "band", fill: colour(one.style), d: `M${[...upper, ...lower].join("L")}z` }));
  }
  const dashes = one.dashed ? "6 4" : null;
  const line = { class: "line", stroke: colour(one.style), "stroke-dasharray": dashes, d: path(shown, x, y) };
  if (one.line) root.append(svg("path", line));
  for (const p of shown) {
    const ends = { x1: x.at(p.x), x2: x.at(p.x), y1: y.at(floor(p.low)), y2: y.at(p.high) };
    if (one.bars && p.high > p.low) root.append(svg("line", { class: "bar", stroke: colour(one.style), ...ends }));
    if (one.shape) root.append(mark(one, p, x, y, onOpen));
  }
}

// Names beside points, each where it covers no other.
function drawNames(root, points, x, y, width) {
  const taken = [];
  for (const p of points) {
    const length = LETTER * p.label.length;
    const [left, top] = [x.at(p.x), y.at(p.y)];
    const places = [[left + 9, top - 7], [left + 9, top + 15], [left - 9 - length, top - 7], [left - 9 - length, top + 15]];
    const box = ([a, b]) => ({ left: a, right: a + length, top: b - 10, bottom: b + 3 });
    const free = (one) =>
      one.left > MARGIN.left && one.right < width && one.top > 0 &&
      taken.every((other) => one.right < other.left || one.left > other.right || one.bottom < other.top || one.top > other.bottom);
    const found = places.find((place) => free(box(place)));
    if (!found) continue;
    taken.push(box(found));
    root.append(svg("text", { class: "point-name", x: found[0], y: found[1] }, p.label));
  }
}

function path(points, x, y) {
  return points.length ? `M${points.map((p) => `${x.at(p.x).toFixed(1)},${y.at(p.y).toFixed(1)}`).join("L")}` : "";
}

function mark(one, p, x, y, onOpen) {
  const attributes = { class: "mark", fill: colour(one.style), d: shape(one.shape, x.at(p.x), y.at(p.y), 5) };
  if (!onOpen) return svg("path", attributes);
  const open = () => onOpen(one);
  const onkeydown = (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    open();
  };
  return svg("path", { ...attributes, tabindex: 0, role: "button", "aria-label": p.text, onclick: open, onkeydown });
}

function drawAxes(root, x, y, width, height, { xLabel, yLabel, xTicks }) {
  const [bottom, right] = [height - MARGIN.bottom, width - MARGIN.right];
  for (const [value, text] of xTicks ?? x.ticks) {
    root.append(svg("line", { class: "grid", x1: x.at(value), x2: x.at(value), y1: MARGIN.top, y2: bottom }));
    root.append(svg("text", { x: x.at(value), y: bottom + 15, "text-anchor": "middle" }, text));
  }
  for (const [value, text] of y.ticks) {
    root.append(svg("line", { class: "grid", x1: MARGIN.left, x2: right, y1: y.at(value), y2: y.at(value) }));
    root.append(svg("text", { x: MARGIN.left - 6, y: y.at(value) + 4, "text-anchor": "end" }, text));
  }
  root.append(svg("path", { class: "axis", d: `M${MARGIN.left},${MARGIN.top}V${bottom}H${right}` }));
  const [middle, centre] = [(MARGIN.left + right) / 2, (MARGIN.top + bottom) / 2];
  const upright = { x: 12, y: centre, transform: `rotate(-90 12 ${centre})` };
  root.append(svg("text", { class: "label", "text-anchor": "middle", x: middle, y: height - 6 }, xLabel));
  root.append(svg("text", { class: "label", "text-anchor": "middle", ...upright }, yLabel));
}

// Below the chart: what lies nearest to the pointer, in words.
function withReadout(root, series, x, y, usable) {
  const readout = el("p", { class: "readout" }, "\u00a0");
  const cursor = svg("circle", { class: "cursor", r: 7, visibility: "hidden" });
  root.append(cursor);
  const place = (p) => ({ text: p.text, left: x.at(p.x), top: y.at(p.y) });
  const places = series.flatMap((one) => one.points.filter(usable).map(place));
  const point = (nearest) => {
    readout.textContent = nearest?.text ?? "\u00a0";
    cursor.setAttribute("visibility", nearest ? "visible" : "hidden");
    cursor.setAttribute("cx", nearest?.left ?? 0);
    cursor.setAttribute("cy", nearest?.top ?? 0);
  };
  root.addEventListener("pointermove", (event) => {
    const box = root.getBoundingClientRect();
    const factor = root.viewBox.baseVal.width / box.width;
    const [left, top] = [(event.clientX - box.left) * factor, (event.clientY - box.top) * factor];
    const distance = (p) => Math.hypot(p.left - left, p.top - top);
    const nearest = places.reduce((best, p) => (best && distance(best) <= distance(p) ? best : p), null);
    point(nearest && distance(nearest) < 40 ? nearest : null);
  });
  root.addEventListener("pointerleave", () => point(null));
  return el("div", {}, root, readout);
}

function swatch({ style, dashed, line, shape: kind }) {
  const ends = { x1: 0, x2: 22, y1: 6, y2: 6, "stroke-width": 2, "stroke-dasharray": dashed ? "6 3" : null };
  return svg(
    "svg",
    { width: 22, height: 12, "aria-hidden": "true" },
    line ? svg("line", { stroke: colour(style), ...ends }) : null,
    kind ? svg("path", { d: shape(kind, 11, 6, 4), fill: colour(style) }) : null,
  );
}

const chosen = new Map(); // id of a chart -> labels that are drawn

// Charts with a legend that switches lines on and off; draw(series, width) gives nodes.
function switched(id, series, first, draw) {
  const holder = el("div", { class: "charts" });
  const picked = () => chosen.get(id) ?? new Set(first);
  const redraw = () => {
    const shown = series.filter((one) => picked().has(one.label));
    const nothing = [el("p", { class: "empty" }, "No row is chosen.")];
    holder.replaceChildren(...(shown.length ? draw(shown, chartWidth(holder)) : nothing));
  };
  const box = (one) => {
    const onchange = (event) => {
      const set = new Set(picked());
      if (event.target.checked) set.add(one.label);
      else set.delete(one.label);
      chosen.set(id, set);
      redraw();
    };
    const input = el("input", { type: "checkbox", checked: picked().has(one.label), onchange });
    return el("label", {}, input, swatch(one), one.label);
  };
  drawn.push(redraw);
  const legend = el("legend", { class: "hidden" }, "Rows that are drawn");
  return el("div", {}, holder, el("fieldset", { class: "legend" }, legend, series.map(box)));
}

function chartWidth(holder) {
  return Math.max(280, Math.min(1200, holder.clientWidth || 640));
}

// Drawn when the page knows its width, and again when that changes.
let drawn = [];
