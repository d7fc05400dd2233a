// The plots of one section of a board.

const AT_FIRST = 6; // curves that are drawn at first, of each pool
const CELL = { small: 34, large: 15 }; // pixels of an entry, of matrices up to 4 and of larger ones

function inBrackets(unit) {
  return unit ? ` [${unit}]` : "";
}

function card(title, caption, ...children) {
  return el(
    "section",
    { class: "card", "aria-label": title },
    el("h3", {}, title),
    el("p", { class: "muted prose" }, caption),
    children,
  );
}

function costPlot(task, section) {
  const rows = section.rows.filter((row) => wanted(row) && row.score && row.fit > 0);
  if (rows.length < 2) return null;
  const methods = [...new Set(section.rows.map((row) => row.method))];
  const looks = (method) => {
    const place = methods.indexOf(method);
    return { style: place, shape: SHAPES[Math.floor(place / PALETTE) % SHAPES.length] };
  };
  const series = rows.map((row) => {
    const [y, low = y, high = y] = row.score;
    const where = section.hardware.length > 1 ? ` on hardware ${row.hardware.join(", ")}` : "";
    const text = `${row.label}: ${task.metric.label} ${show(y, 4)}, fitted in ${show(row.fit)} s${where}`;
    return { label: row.label, row, ...looks(row.method), bars: true, points: [{ x: row.fit, y, low, high, text }] };
  });
  const options = {
    height: 330,
    series,
    logX: true,
    logY: !task.metric.up && spansDecades(rows.map((row) => row.score[0])),
    xLabel: "time of fitting [s]",
    yLabel: task.metric.label,
    front: front(series, task.metric.up),
    onOpen: (one) => openRun(one.row),
    title: `${task.metric.label} against the seconds of fitting`,
  };
  const holder = el("div");
  drawn.push(() => holder.replaceChildren(chart({ ...options, width: chartWidth(holder) })));
  const used = methods.filter((method) => rows.some((row) => row.method === method));
  const legend = used.map((method) => el("span", {}, swatch(looks(method)), " ", el("code", {}, method)));
  const several = section.hardware.length > 1 ? " Compare times within one hardware only." : "";
  const caption = `A point per row, mean over seeds; bars: 95 % intervals. Dashed and named: no row is both better and faster.${several} A point opens its runs.`;
  return card("Cost and quality", caption, el("div", { class: "beside" }, holder, el("p", { class: "legend" }, legend)));
}

function front(series, up) {
  const points = series.map((one) => ({ ...one.points[0], label: one.label }));
  points.sort((a, b) => a.x - b.x || (up ? b.y - a.y : a.y - b.y));
  const better = [];
  for (const p of points) if (!better.length || (up ? p.y > better.at(-1).y : p.y < better.at(-1).y)) better.push(p);
  return better;
}

function angleSeries(section, kind, label) {
  return section.angle
    .filter((curve) => wanted(section.rows[curve.row]))
    .map((curve) => {
      const row = section.rows[curve.row];
      const { mean, low, high } = curve[kind];
      const told = (i) => `${label} ${show(mean[i])} (${show(low[i])} to ${show(high[i])})`;
      const points = curve.x.map((x, i) => {
        return { x, y: mean[i], low: low[i], high: high[i], text: `${row.label} at ${show(x)}°: ${told(i)}` };
      });
      const kept = points.filter((p) => p.y !== null);
      return { label: row.label, style: 0, dashed: row.tier === "group", line: true, band: true, points: kept };
    });
}

function anglePlot(id, task, section) {
  const kinds = [["score", task.metric.label], ["error", `E′${inBrackets(section.units["equivariance/e_prime"])}`]];
  const both = kinds.map(([kind, label]) => angleSeries(section, kind, label));
  if (!both[0].length) return null;
  const pool = (told) => both[0].filter((one) => one.dashed === told);
  // Neighbours in rank have different colours; the two pools differ by their dashes.
  for (const told of [false, true])
    for (const series of both) series.filter((one) => one.dashed === told).forEach((one, i) => (one.style = i));
  const first = [false, true].flatMap((told) => pool(told).slice(0, AT_FIRST).map((one) => one.label));
  const draw = (shown, width) => {
    const names = new Set(shown.map((one) => one.label));
    const ticks = [-180, -90, 0, 90, 180].map((value) => [value, `${value}°`]);
    const half = width > 700 ? width / 2 - 12 : width;
    return kinds.map(([kind, label], i) => {
      const series = both[i].filter((one) => names.has(one.label));
      const falls = kind === "error" || !task.metric.up;
      const logY = falls && spansDecades(series.flatMap((one) => one.points.map((p) => p.y)));
      const title = `${label} against the angle of the input`;
      const axes = { xRange: [-180, 180], xTicks: ticks, xLabel: "angle of the input", yLabel: label };
      return chart({ width: half, height: 280, series, logY, title, ...axes });
    });
  };
  const caption =
    "Upright test inputs turned by each angle: mean, least and most over seeds; methods told the group dashed. Level where a method respects the symmetry.";
  return card("Against the angle", caption, switched(`${id} angle`, both[0], first, draw));
}

function learningPlot(id, task, section) {
  const curves = (section.learning?.curves ?? []).filter((curve) =>
    curve.row === null ? named(curve.label) : wanted(section.rows[curve.row]),
  );
  if (!curves.length) return null;
  const series = curves.map((curve, style) => ({
    label: curve.label,
    style,
    dashed: curve.told,
    line: true,
    bars: true,
    shape: "circle",
    points: curve.points.map(([x, y, std]) => {
      const text = `${curve.label}, ${show(x)} examples: ${task.metric.label} ${show(y, 4)}, standard deviation ${show(std)}`;
      return { x, y, low: y - std, high: y + std, text };
    }),
  }));
  const xTicks = [...new Set(series.flatMap((one) => one.points.map((p) => p.x)))].map((value) => [value, show(value)]);
  const draw = (shown, width) => {
    const logY = !task.metric.up && spansDecades(shown.flatMap((one) => one.points.map((p) => p.y)));
    const axes = { logX: true, logY, xTicks, xLabel: "training examples", yLabel: task.metric.label };
    return [chart({ width, series: shown, title: "Sample efficiency", ...axes })];
  };
  const all = series.map((one) => one.label);
  return card("Sample efficiency", section.learning.caption, switched(`${id} learning`, series, all, draw));
}

function heatPlot(section) {
  if (!section.heat) return null;
  const found = section.heat.found.filter((one) => wanted(section.rows[one.row]));
  const blocks = [...section.heat.true, ...found];
  if (!blocks.length) return null;
  const limit = Math.max(1, ...blocks.flatMap((one) => one.matrices.flat(2).map(Math.abs)));
  const figures = blocks.map((one) => {
    const row = one.row === null ? null : section.rows[one.row];
    const head = [row ? opener(row) : el("b", {}, one.note), el("span", { class: "muted" }, row ? one.note : "\u00a0")];
    return el("figure", {}, el("figcaption", {}, head), matrices(one.matrices, limit, row?.label ?? one.note));
  });
  const end = (limit / 1000).toFixed(2);
  const caption = [
    "At Frobenius norm 1 and in the gauge nearest the textbook's; of several, only the span means something. A mean over seeds that is pale: the seeds disagree. ",
    el("span", { class: "ends" }, `−${end} `, el("span", { class: "scale" }), ` ${end}`),
  ];
  return card("Generators", caption, el("div", { class: "maps" }, figures));
}

function matrices(list, limit, name) {
  const label = (i) => (list.length > 1 ? `${name}, ${i + 1} of ${list.length}` : name);
  return el("div", { class: "matrices" }, list.map((matrix, i) => heatMap(matrix, limit, label(i))));
}

// matrix: entries in thousandths.
function heatMap(matrix, limit, name) {
  const size = matrix.length > 4 ? CELL.large : CELL.small;
  const side = size * matrix.length;
  const about = { role: "img", "aria-label": `${name}: ${matrix.length} × ${matrix.length} matrix` };
  const box = { width: side + 2, height: side + 2, viewBox: `-1 -1 ${side + 2} ${side + 2}` };
  const root = svg("svg", { class: "map", ...box, ...about });
  root.append(svg("rect", { class: "zero", width: side, height: side }));
  matrix.forEach((line, i) =>
    line.forEach((entry, j) => {
      const share = Math.abs(entry) / limit;
      const title = svg("title", {}, `row ${i + 1}, column ${j + 1}: ${(entry / 1000).toFixed(3)}`);
      const place = { x: j * size, y: i * size, width: size, height: size };
      root.append(svg("rect", { class: entry > 0 ? "pos" : "neg", "fill-opacity": share.toFixed(3), ...place }, title));
      if (size === CELL.large || share < 0.05) return;
      const middle = { x: (j + 0.5) * size, y: (i + 0.5) * size };
      root.append(svg("text", { class: share > 0.55 ? "strong" : null, ...middle }, (entry / 1000).toFixed(2)));
    }),
  );
  return root;
}
