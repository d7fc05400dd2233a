// The plots of one section of a board.

const AT_FIRST = 6; // curves that are drawn at first, of each pool
const CELL = { small: 34, large: 15 }; // pixels of an entry, of matrices up to 4 and of larger ones

function costPlot(id, task, section) {
  const rows = section.rows.filter((row) => wanted(row) && row.metric && row.fit && row.fit[0] > 0);
  if (rows.length < 2) return null;
  const letters = section.hardware.map(([letter]) => letter);
  const methods = [...new Set(section.rows.map((row) => row.method))];
  const series = rows.map((row) => {
    const [mean, std] = row.metric;
    const [low, high] = row.interval ?? [mean - (std ?? 0), mean + (std ?? 0)];
    const place = row.hardware.length === 1 ? letters.indexOf(row.hardware[0]) : 3;
    const text = `${row.label}: ${task.metric.label} ${spread(row.metric)}, fitted in ${spread(row.fit)} s`;
    return { label: row.label, row, style: methods.indexOf(row.method), shape: SHAPES[Math.min(place, 3)], bars: true, points: [{ x: row.fit[0], y: mean, low, high, text }] };
  });
  const logY = !task.metric.up && spansDecades(rows.map((row) => row.metric[0]));
  const options = { height: 330, series, logX: true, logY, xLabel: "fit [s], logarithmic", yLabel: task.metric.label, front: front(series, task.metric.up), onOpen: (one) => openRun(one.row), title: `${task.metric.label} against the seconds of fitting` };
  const holder = el("div");
  drawn.push(() => holder.replaceChildren(chart({ ...options, width: Math.max(280, Math.min(760, holder.clientWidth || 640)) })));
  const used = methods.filter((method) => rows.some((row) => row.method === method));
  const legend = used.map((method) => el("span", {}, swatch({ style: methods.indexOf(method), shape: "circle" }), " ", el("code", {}, method)));
  const shapes = letters.length > 1 ? ` Shapes: hardware ${letters.slice(0, 3).map((letter, i) => `${letter} ${SHAPES[i]}`).join(", ")}; other or mixed diamond. Compare times within one hardware only.` : "";
  const what = rows.some((row) => row.interval) ? "95 % intervals" : "standard deviations";
  return el(
    "section", { "aria-label": "Cost and quality" },
    el("h3", {}, "Cost and quality"),
    el("p", { class: "muted" }, `A point per row, mean over seeds; bars: ${what}. Dashed: no row is both better and faster.${shapes}`),
    holder, el("p", { class: "legend" }, legend),
  );
}

function front(series, up) {
  const sorted = series.map((one) => one.points[0]).sort((a, b) => a.x - b.x || (up ? b.y - a.y : a.y - b.y));
  const better = [];
  for (const p of sorted) if (!better.length || (up ? p.y > better.at(-1).y : p.y < better.at(-1).y)) better.push(p);
  return better;
}

function angleSeries(section, kind, label) {
  return section.angle.filter((curve) => wanted(section.rows[curve.row])).map((curve) => {
    const row = section.rows[curve.row];
    const { mean, low, high } = curve[kind];
    const points = curve.x.map((degrees, i) => ({ x: degrees, y: mean[i], low: low[i], high: high[i], text: `${row.label} at ${show(degrees)}°: ${label} ${show(mean[i])} (${show(low[i])} to ${show(high[i])})` }));
    return { label: row.label, row, style: curve.row, dashed: row.tier === "group", line: true, band: true, points: points.filter((p) => p.y !== null) };
  });
}

function anglePlot(id, task, section) {
  const kinds = [["score", task.metric.label], ["error", "E′"]];
  const both = kinds.map(([kind, label]) => angleSeries(section, kind, label));
  if (!both[0].length) return null;
  const first = [false, true].flatMap((told) => both[0].filter((one) => one.dashed === told).slice(0, AT_FIRST).map((one) => one.label));
  const ticks = [-180, -90, 0, 90, 180].map((value) => [value, `${value}°`]);
  const charts = switched(`${id} angle`, both[0], first, (shown, width) => {
    const names = new Set(shown.map((one) => one.label));
    const half = width >= 620 ? width : width;
    return kinds.map(([kind, label], i) => {
      const series = both[i].filter((one) => names.has(one.label));
      const logY = (kind === "error" || !task.metric.up) && spansDecades(series.flatMap((one) => one.points.map((p) => p.y)));
      return chart({ width: half, height: 250, series, logY, xRange: [-180, 180], xTicks: ticks, xLabel: "angle of the input", yLabel: label, title: `${label} against the angle of the input` });
    });
  });
  return el(
    "section", { "aria-label": "Against the angle" },
    el("h3", {}, "Against the angle"),
    el("p", { class: "muted" }, "Upright test inputs turned by each angle: mean, least and most over seeds; methods told the group dashed. Level where a method respects the symmetry."),
    charts,
  );
}

function learningPlot(id, task, section) {
  const curves = (section.learning?.curves ?? []).filter((curve) => (curve.row === null ? named(curve.label) : wanted(section.rows[curve.row])));
  if (!curves.length) return null;
  const series = curves.map((curve, style) => ({
    label: curve.label, style, dashed: curve.row !== null && section.rows[curve.row].tier === "group", line: true, bars: true, shape: "circle",
    points: curve.points.map(([examples, mean, std]) => ({ x: examples, y: mean, low: mean - std, high: mean + std, text: `${curve.label}, ${show(examples)} examples: ${task.metric.label} ${spread([mean, std])}` })),
  }));
  const ticks = [...new Set(series.flatMap((one) => one.points.map((p) => p.x)))].map((value) => [value, show(value)]);
  const charts = switched(`${id} learning`, series, series.map((one) => one.label), (shown, width) => [
    chart({ width, series: shown, logX: true, xTicks: ticks, xLabel: "training examples", yLabel: task.metric.label, title: "Sample efficiency" }),
  ]);
  return el("section", { "aria-label": "Sample efficiency" }, el("h3", {}, "Sample efficiency"), el("p", { class: "muted" }, section.learning.caption), charts);
}

function heatPlot(section) {
  if (!section.heat) return null;
  const found = section.heat.found.filter((one) => wanted(section.rows[one.row]));
  const blocks = [...section.heat.true, ...found];
  const limit = Math.max(1, ...blocks.flatMap((one) => one.matrices.flat(2).map(Math.abs)));
  const figures = blocks.map((one) => {
    const row = one.row === null ? null : section.rows[one.row];
    const head = row ? [opener(row), el("span", { class: "muted" }, ` ${one.note}`)] : [el("b", {}, one.note)];
    return el("figure", {}, el("figcaption", {}, head), matrices(one.matrices, limit, row?.label ?? one.note));
  });
  return el(
    "section", { "aria-label": "Generators" },
    el("h3", {}, "Generators"),
    el("p", { class: "muted" }, "At Frobenius norm 1 and in the gauge nearest the textbook's; of several, only the span means something. A mean over seeds that is pale: the seeds disagree. ", el("span", {}, `−${(limit / 1000).toFixed(2)} `, el("span", { class: "scale" }), ` ${(limit / 1000).toFixed(2)}`)),
    el("div", { class: "maps" }, figures),
  );
}

function matrices(list, limit, name) {
  return el("div", { class: "matrices" }, list.map((matrix, i) => heatMap(matrix, limit, list.length > 1 ? `${name}, ${i + 1} of ${list.length}` : name)));
}

// matrix: entries in thousandths.
function heatMap(matrix, limit, name) {
  const size = matrix.length > 4 ? CELL.large : CELL.small;
  const side = size * matrix.length;
  const root = svg("svg", { class: "map", width: side + 2, height: side + 2, viewBox: `-1 -1 ${side + 2} ${side + 2}`, role: "img", "aria-label": `${name}: ${matrix.length} × ${matrix.length} matrix` });
  root.append(svg("rect", { class: "zero", width: side, height: side }));
  matrix.forEach((line, i) => line.forEach((entry, j) => {
    const share = Math.abs(entry) / limit;
    const title = svg("title", {}, `row ${i + 1}, column ${j + 1}: ${(entry / 1000).toFixed(3)}`);
    root.append(svg("rect", { class: entry > 0 ? "pos" : "neg", "fill-opacity": share.toFixed(3), x: j * size, y: i * size, width: size, height: size }, title));
    if (size === CELL.small && share >= 0.05) root.append(svg("text", { class: share > 0.55 ? "strong" : null, x: (j + 0.5) * size, y: (i + 0.5) * size }, (entry / 1000).toFixed(2)));
  }));
  return root;
}
