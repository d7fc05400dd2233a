// Charts in SVG: lines with bands, and points with bars, on linear or logarithmic axes.

const PALETTE = 8;
const SHAPES = ["circle", "square", "triangle", "diamond"];
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
  if (!fixed && log) [low, high] = low === high ? [low / 2, high * 2] : [low / (high / low) ** 0.04, high * (high / low) ** 0.04];
  else if (!fixed) {
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
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) ticks.push([i * step, show(Number((i * step).toPrecision(12)), 4)]);
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

// series: [{row, label, style, dashed, points: [{x, y, low, high}], line, band, bars, shape}]
function chart({ width, height = 300, series, xLabel, yLabel, logX = false, logY = false, xRange = null, xTicks = null, title, front = null, onOpen = null }) {
  const points = series.flatMap((one) => one.points);
  const extent = points.flatMap((p) => [p.y, p.low, p.high]).filter((value) => value !== undefined);
  const x = scale(points.map((p) => p.x), logX, MARGIN.left, width - MARGIN.right, xRange);
  const y = scale(extent, logY, height - MARGIN.bottom, MARGIN.top);
  const root = svg("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": title });
  drawAxes(root, x, y, width, height, xLabel, yLabel, xTicks);
  if (front) root.append(svg("path", { class: "front", d: path(front, x, y) }));
  const usable = (p) => (!logY || p.y > 0) && (!logX || p.x > 0);
  const floor = (value) => (logY && value <= 0 ? y.low : Math.max(value, y.low));
  for (const one of series) {
    const shown = one.points.filter(usable);
    if (one.band) {
      const upper = shown.map((p) => `${x.at(p.x)},${y.at(p.high)}`);
      const lower = shown.map((p) => `${x.at(p.x)},${y.at(floor(p.low))}`).reverse();
      if (shown.length) root.append(svg("path", { class: "band", fill: colour(one.style), d: `M${[...upper, ...lower].join("L")}z` }));
    }
    if (one.line) root.append(svg("path", { class: "line", stroke: colour(one.style), "stroke-dasharray": one.dashed ? "6 4" : null, d: path(shown, x, y) }));
    for (const p of shown) {
      if (one.bars && p.high > p.low)
        root.append(svg("line", { class: "bar", stroke: colour(one.style), x1: x.at(p.x), x2: x.at(p.x), y1: y.at(floor(p.low)), y2: y.at(p.high) }));
      if (one.shape) root.append(mark(one, p, x, y, onOpen));
    }
  }
  return withReadout(root, series, x, y, usable);
}

function path(points, x, y) {
  return points.length ? `M${points.map((p) => `${x.at(p.x).toFixed(1)},${y.at(p.y).toFixed(1)}`).join("L")}` : "";
}

function mark(one, p, x, y, onOpen) {
  const attributes = { class: "mark", fill: colour(one.style), d: shape(one.shape, x.at(p.x), y.at(p.y), 5) };
  if (!onOpen) return svg("path", attributes);
  const open = () => onOpen(one);
  const key = (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); open(); } };
  return svg("path", { ...attributes, tabindex: 0, role: "button", "aria-label": p.text, onclick: open, onkeydown: key });
}

function drawAxes(root, x, y, width, height, xLabel, yLabel, xTicks) {
  const bottom = height - MARGIN.bottom;
  for (const [value, text] of xTicks ?? x.ticks) {
    root.append(svg("line", { class: "grid", x1: x.at(value), x2: x.at(value), y1: MARGIN.top, y2: bottom }));
    root.append(svg("text", { x: x.at(value), y: bottom + 15, "text-anchor": "middle" }, text));
  }
  for (const [value, text] of y.ticks) {
    root.append(svg("line", { class: "grid", x1: MARGIN.left, x2: width - MARGIN.right, y1: y.at(value), y2: y.at(value) }));
    root.append(svg("text", { x: MARGIN.left - 6, y: y.at(value) + 4, "text-anchor": "end" }, text));
  }
  root.append(svg("path", { class: "axis", d: `M${MARGIN.left},${MARGIN.top}V${bottom}H${width - MARGIN.right}` }));
  const middle = (MARGIN.left + width - MARGIN.right) / 2;
  root.append(svg("text", { class: "label", x: middle, y: height - 6, "text-anchor": "middle" }, xLabel));
  const centre = (MARGIN.top + bottom) / 2;
  root.append(svg("text", { class: "label", x: 12, y: centre, "text-anchor": "middle", transform: `rotate(-90 12 ${centre})` }, yLabel));
}

// Below the chart: what lies nearest to the pointer, in words.
function withReadout(root, series, x, y, usable) {
  const readout = el("p", { class: "readout" }, " ");
  const cursor = svg("circle", { class: "cursor", r: 7, visibility: "hidden" });
  root.append(cursor);
  const places = series.flatMap((one) => one.points.filter(usable).map((p) => ({ text: p.text, left: x.at(p.x), top: y.at(p.y) })));
  root.addEventListener("pointermove", (event) => {
    const box = root.getBoundingClientRect();
    const factor = root.viewBox.baseVal.width / box.width;
    const [left, top] = [(event.clientX - box.left) * factor, (event.clientY - box.top) * factor];
    const distance = (p) => (p.left - left) ** 2 + (p.top - top) ** 2;
    const nearest = places.reduce((best, p) => (best && distance(best) <= distance(p) ? best : p), null);
    const near = nearest && distance(nearest) < 1600;
    readout.textContent = near ? nearest.text : "\u00a0";
    cursor.setAttribute("visibility", near ? "visible" : "hidden");
    if (near) { cursor.setAttribute("cx", nearest.left); cursor.setAttribute("cy", nearest.top); }
  });
  root.addEventListener("pointerleave", () => { readout.textContent = "\u00a0"; cursor.setAttribute("visibility", "hidden"); });
  return el("div", {}, root, readout);
}

function swatch(one) {
  const line = one.line ? svg("line", { x1: 0, x2: 22, y1: 6, y2: 6, stroke: colour(one.style), "stroke-width": 2, "stroke-dasharray": one.dashed ? "6 3" : null }) : null;
  const dot = one.shape ? svg("path", { d: shape(one.shape, 11, 6, 4), fill: colour(one.style) }) : null;
  return svg("svg", { width: 22, height: 12, "aria-hidden": "true" }, line, dot);
}

const chosen = new Map(); // id of a chart -> labels that are drawn

// Charts with a legend that switches lines on and off; draw(series, width) gives nodes.
function switched(id, series, first, draw) {
  const holder = el("div");
  const picked = () => chosen.get(id) ?? new Set(first);
  const redraw = () => {
    const shown = series.filter((one) => picked().has(one.label));
    const width = Math.max(280, Math.min(760, holder.clientWidth || 640));
    holder.replaceChildren(...(shown.length ? draw(shown, width) : [el("p", { class: "empty" }, "No row is chosen.")]));
  };
  const box = (one) => {
    const change = (event) => {
      const set = new Set(picked());
      if (event.target.checked) set.add(one.label); else set.delete(one.label);
      chosen.set(id, set);
      redraw();
    };
    return el("label", {}, el("input", { type: "checkbox", checked: picked().has(one.label), onchange: change }), swatch(one), one.label);
  };
  const legend = el("fieldset", { class: "legend" }, el("legend", { class: "hidden" }, "Rows that are drawn"), series.map(box));
  drawn.push(redraw);
  return el("div", {}, holder, legend);
}

// Drawn when the page knows its width, and again when that changes.
let drawn = [];
