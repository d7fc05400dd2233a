// Sortable tables. How a table is sorted is kept while the filters change.

const sorting = new Map(); // id of a table -> {column, down}

// columns: [{title, left, name, rank, head}]; lines: [{cells: [[text, value]] or [node, value], about: attributes}]
function sortable(id, caption, columns, lines, attributes = {}) {
  const body = el("tbody");
  const heads = columns.map((column, place) =>
    el(
      "th",
      { scope: "col", class: classes(column), "aria-sort": "none" },
      el("button", { type: "button", title: column.title, onclick: () => press(place) }, column.title),
    ),
  );
  const table = el(
    "table",
    attributes,
    el("caption", { class: "hidden" }, `${caption}. Each header sorts by its column.`),
    el("thead", {}, el("tr", {}, heads)),
    body,
  );

  function press(place) {
    const now = sorting.get(id);
    const down = now?.column === place ? !now.down : false;
    sorting.set(id, { column: place, down });
    fill();
    say(`${caption}, sorted by ${columns[place].title}, ${down ? "descending" : "ascending"}.`);
  }

  function fill() {
    const { column = -1, down = false } = sorting.get(id) ?? {};
    heads.forEach((head, place) =>
      head.setAttribute("aria-sort", place !== column ? "none" : down ? "descending" : "ascending"),
    );
    const ordered = column < 0 ? lines : [...lines].sort((a, b) => compare(a.cells[column], b.cells[column], down));
    body.replaceChildren(...ordered.map((line) => tableRow(columns, line)));
    const nothing = { class: "empty left", colspan: columns.length };
    if (!lines.length) body.append(el("tr", {}, el("td", nothing, "No row passes the filters.")));
  }

  fill();
  return el("div", { class: "scroll", role: "region", "aria-label": caption, tabindex: 0 }, table);
}

function classes(column) {
  return [column.left && "left", column.name && "name", column.head].filter(Boolean).join(" ") || null;
}

function tableRow(columns, line) {
  const cells = line.cells.map(([content, , extra], place) => {
    const column = columns[place];
    const kind = [classes(column), column.rank && "rank", extra?.class].filter(Boolean);
    const attributes = { ...extra, class: kind.join(" ") || null };
    return column.name ? el("th", { scope: "row", ...attributes }, content) : el("td", attributes, content);
  });
  return el("tr", line.about ?? {}, cells);
}

// Numbers before words, and what is missing last, in both directions.
function compare([a, x], [b, y], down) {
  const sign = down ? -1 : 1;
  if (typeof x === "number" && typeof y === "number") return sign * (x - y);
  if (typeof x === "number") return -1;
  if (typeof y === "number") return 1;
  const [left, right] = [x ?? a, y ?? b].map((value) => (value === NOTHING ? null : String(value)));
  if (left === null || right === null) return (left === null) - (right === null);
  return sign * left.localeCompare(right, "en");
}

function opener(row, text = row.label) {
  return el("button", { type: "button", class: "open", title: "Open its runs", onclick: () => openRun(row) }, text);
}

// A table of leaderboard/tables/tables.py: method, rank, its first column, told, n ok, the others; or the method and its columns.
function boardTable(id, table, section) {
  const arrange = (name, rank, told, counted, [first, ...others]) =>
    table.ranked ? [name, rank, first, told, counted, ...others] : [name, first, ...others];
  const own = table.columns.map((title) => ({ title, left: title === "tied" }));
  const heads = [{ title: "method", name: true }, { title: "rank", rank: true }, { title: "told", left: true }];
  const columns = arrange(...heads, { title: "n ok" }, own);
  const lines = [];
  table.rows.forEach((line, place) => {
    if (line.reference !== undefined) {
      if (!named(line.reference)) return;
      const cells = arrange([line.reference, line.reference], ["ref."], [NOTHING], [NOTHING], line.cells);
      lines.push({ about: { class: "reference" }, cells });
      return;
    }
    const row = section.rows[line.row];
    if (!wanted(row)) return;
    const about = { class: row.tier === "group" ? "told" : null, "data-row": row.label };
    const tier = [row.tier, data.tiers.indexOf(row.tier)];
    lines.push({ about, cells: arrange([opener(row), row.label], [row.rank, place], tier, row.counted, line.cells) });
  });
  return sortable(id, table.title, columns, lines);
}

// A table of leaderboard/tables/front.py: method, told, and its columns.
function frontTable(page, table) {
  const columns = [{ title: "method", name: true }, { title: "told", left: true }, ...table.columns.map((title) => ({ title }))];
  const lines = table.rows
    .filter((row) => state.tiers.has(row.tier) && named(row.label))
    .map((row) => {
      const about = { class: row.told ? "told" : null, "data-row": row.label };
      const tier = [row.tier, data.tiers.indexOf(row.tier)];
      return { about, cells: [[el("code", {}, row.label), row.label], tier, ...row.cells] };
    });
  return sortable(`${page.title} ${table.title}`, `${page.title}: ${table.title}`, columns, lines);
}

// Methods against tasks: ranks, shaded from the first (strong) to the last (none).
function ranksTable() {
  const { tasks, rows } = data.ranks;
  const shown = tasks.filter(([, family]) => wantedFamily(family)).map(([task]) => task);
  const columns = [
    { title: "method", name: true },
    { title: "told", left: true },
    ...shown.map((task) => ({ title: task, head: "task" })),
  ];
  const lines = rows
    .filter((row) => row.tiers.some((tier) => state.tiers.has(tier)) && named(row.label))
    .filter((row) => shown.some((task) => row.cells[task]))
    .map((row) => {
      const tiers = [row.tiers.join(", "), data.tiers.indexOf(row.tiers[0])];
      const cells = shown.map((task) => rankCell(row, task));
      return { about: { "data-row": row.label }, cells: [[el("code", {}, row.label), row.label], tiers, ...cells] };
    });
  return sortable("ranks", "Ranks by task", columns, lines, { class: "ranks" });
}

function rankCell(row, task) {
  if (!row.cells[task]) return [el("span", { class: "muted" }, "·"), null];
  const [rank, of, key, told] = row.cells[task];
  const share = of > 1 ? 1 - (rank - 1) / (of - 1) : 1;
  const about = `${row.label} on ${task}: ${rank} of ${of}${told ? " told the group" : ""}`;
  const open = el(
    "button",
    { type: "button", title: about, "aria-label": about, onclick: () => go({ task, section: 0, run: key, seed: null }) },
    `${told ? "G" : ""}${rank}`,
  );
  const style = `--tone: var(--${told ? "told" : "accent"}); --share: ${Math.round(4 + 38 * share)}%`;
  return [open, rank + (told ? 1000 : 0), { class: "shade", style }];
}

function bestTable() {
  const left = new Set(["budget", "metric", "best", "best told the group", "best reference"]);
  const columns = [
    { title: "task", name: true },
    ...data.best.columns.map((title) => ({ title, left: left.has(title) })),
  ];
  const lines = data.best.rows
    .filter((line) => wantedFamily(line.family))
    .map((line) => {
      const link = el("a", { href: address({ task: line.task, section: line.section, run: "" }) }, line.task);
      return { cells: [[link, line.task], ...line.cells] };
    });
  return sortable("best", "Best of every task", columns, lines);
}
