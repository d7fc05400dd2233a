// The page: navigation, filters, and what stands in the middle.

const families = [...new Set(data.tasks.map((task) => task.family))];
const spoken = (family) => family.replaceAll("_", " ");

function drawNav() {
  const current = (id) => (id === state.task ? "page" : null);
  const link = (id, text) => {
    const href = address({ task: id, section: 0, run: "" });
    return el("li", {}, el("a", { href, "aria-current": current(id) }, text));
  };
  // The board that is open stays in the lists, whatever family is chosen.
  const here = data.tasks.find((one) => one.id === state.task)?.family;
  const chosen = families.filter((family) => wantedFamily(family) || family === here);
  const shown = chosen.map((family) => [family, data.tasks.filter((one) => one.family === family)]);
  const groups = shown.map(([family, own]) => [
    el("h2", {}, spoken(family)),
    el("ul", {}, own.map((task) => link(task.id, task.id))),
  ]);
  byId("nav").replaceChildren(el("ul", {}, link("", "Overview")), ...groups.flat());
  const options = shown.flatMap(([, own]) => own.map((task) => el("option", { value: task.id }, task.id)));
  byId("board").replaceChildren(el("option", { value: "" }, "Overview"), ...options);
  byId("board").value = state.task;
}

function drawFilters() {
  if (!byId("family").options.length) {
    const option = (family) => el("option", { value: family }, spoken(family));
    const box = (tier) => el("label", {}, el("input", { type: "checkbox", value: tier, onchange: changeTiers }), tier);
    byId("family").append(el("option", { value: "" }, "all"), ...families.map(option));
    byId("tiers").append(...data.tiers.map(box));
  }
  byId("family").value = state.family;
  for (const input of byId("tiers").querySelectorAll("input")) input.checked = state.tiers.has(input.value);
  if (byId("query").value !== state.query) byId("query").value = state.query;
}

function section(title, ...children) {
  return el("section", {}, el("h2", {}, title), children);
}

function folded(title, ...children) {
  return el("section", {}, el("details", {}, el("summary", {}, title), children));
}

function overviewPage() {
  const rows = data.tasks.flatMap((task) => task.sections.flatMap((part) => part.rows));
  const methods = new Set(rows.map((row) => row.method));
  const runs = rows.reduce((sum, row) => sum + row.runs.length, 0);
  const counts = `${methods.size} methods and pipelines, ${data.tasks.length} tasks, ${show(runs)} runs`;
  const ranks =
    "Rank by the primary metric on each task, at default parameters: strong colour first, pale last. Methods told the group are ranked in a pool of their own (G). A number opens its runs.";
  const claims = data.report && [
    " ",
    el("a", { href: data.report }, "What the paper claims, and what these records say"),
    ".",
  ];
  return [
    el("h1", {}, "Symmetry Bench"),
    el(
      "p",
      { class: "lead" },
      `Methods that discover symmetries in data and use them, on the same data, networks and budgets: ${counts}. `,
      "Every row of a board opens its runs, with scores, parameters, costs and environment.",
      claims || null,
    ),
    ...data.fronts.map(frontSection),
    section("Ranks by task", el("p", { class: "muted prose" }, ranks), ranksTable()),
    section("Best of every task", bestTable(), prose(data.remarks)),
    folded("How to read the tables", el("div", { class: "prose" }, prose(data.reading))),
    folded("Methods", methodList(data.methods)),
  ];
}

function frontSection(page) {
  const tables = page.tables.map((table) => [
    el("h3", {}, table.title),
    el("div", { class: "prose" }, prose(table.above)),
    frontTable(page, table),
  ]);
  return section(page.title, el("div", { class: "prose" }, prose(page.about)), ...tables.flat(), prose(page.notes));
}

function methodList(cards) {
  const item = ([name, title, summary, citation]) => {
    return el("li", {}, el("code", {}, name), `: ${title}; ${summary}.${citation ? ` ${citation}.` : ""}`);
  };
  return el("ul", { class: "prose" }, cards.map(item));
}

function taskPage(task) {
  const now = task.sections[state.section];
  const id = `${task.id} ${state.section}`;
  const better = task.metric.up ? "higher is better" : "lower is better";
  const used = new Set(now.rows.flatMap((row) => [row.method, ...row.method.split("+")]));
  const [first, ...others] = now.tables.map((table) =>
    el(
      "section",
      {},
      el("h2", {}, table.title),
      el("div", { class: "prose" }, prose(table.above)),
      boardTable(`${id} ${table.title}`, table, now),
      el("div", { class: "prose below" }, prose(table.below)),
    ),
  );
  const plots = [costPlot(task, now), learningPlot(id, task, now)].filter(Boolean);
  const commands = now.rows.filter(wanted).map((row) => `${row.command}  # ${row.key}`);
  return [
    el("h1", {}, task.title),
    el(
      "p",
      { class: "lead" },
      el("code", {}, task.id),
      `: ${task.summary}. Ranked by `,
      el("code", {}, task.metric.id),
      ` (${better}). `,
      el("a", { href: `${task.id}.md` }, "The same board as text, with more figures"),
      ".",
    ),
    el("section", {}, sectionChoice(task), el("ul", { class: "facts" }, now.facts.map(([, ...spans]) => el("li", {}, inline(spans))))),
    first,
    plots.length ? el("div", { class: "pair" }, plots) : null,
    anglePlot(id, task, now),
    heatPlot(now),
    ...others,
    now.notes.length ? folded("Notes, and seeds without a result", prose(now.notes)) : null,
    folded("Reproduce", el("pre", { tabindex: 0 }, commands.join("\n"))),
    folded("How to read the tables", el("div", { class: "prose" }, prose(data.reading))),
    folded(
      "Methods and source",
      methodList(data.methods.filter(([name]) => used.has(name))),
      task.citation ? el("p", {}, el("b", {}, "Task: "), `${task.citation}.`) : null,
    ),
  ];
}

function sectionChoice(task) {
  if (task.sections.length === 1) return el("h2", {}, `Budget ${task.sections[0].title}`);
  const option = (part, place) => el("option", { value: place, selected: place === state.section }, part.title);
  const change = (event) => go({ section: Number(event.target.value), run: "" });
  const select = el("select", { id: "section", onchange: change }, task.sections.map(option));
  return el("h2", {}, el("label", {}, "Budget ", select));
}

function draw() {
  drawn = [];
  const task = data.tasks.find((one) => one.id === state.task);
  const focus = document.activeElement?.id;
  byId("main").replaceChildren(...(task ? taskPage(task) : overviewPage()).filter(Boolean));
  document.title = task ? `${task.id} – Symmetry Bench` : "Symmetry Bench";
  drawNav();
  drawFilters();
  for (const redraw of drawn) redraw();
  if (focus) byId(focus)?.focus();
}

let last = null;

// The one way from an address to a page.
function showAddress() {
  readAddress();
  const now = address({ run: "", seed: null });
  const moved = last !== null && last.task !== state.task;
  if (last === null || last.now !== now) draw();
  last = { now, task: state.task };
  if (moved) {
    scrollTo(0, 0);
    byId("main").focus({ preventScroll: true });
  }
  const task = data.tasks.find((one) => one.id === state.task);
  const row = task?.sections[state.section].rows.find((one) => one.key === state.run);
  if (!row) {
    state.run = "";
    closePanel();
    return;
  }
  drawPanel(task, task.sections[state.section], row);
  if (!panel.open) panel.showModal();
}

function go(changes, replace = false) {
  history[replace ? "replaceState" : "pushState"](null, "", address(changes));
  showAddress();
}

function changeTiers() {
  const tiers = [...byId("tiers").querySelectorAll("input:checked")].map((input) => input.value);
  go({ tiers: new Set(tiers) }, true);
}

byId("board").addEventListener("change", (event) => go({ task: event.target.value, section: 0, run: "" }));
byId("family").addEventListener("change", (event) => go({ family: event.target.value }, true));
byId("query").addEventListener("input", (event) => go({ query: event.target.value }, true));
byId("filters").addEventListener("submit", (event) => event.preventDefault());
byId("filters").addEventListener("reset", (event) => {
  event.preventDefault();
  go({ family: "", tiers: new Set(all), query: "" }, true);
});
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  byId("main").focus();
});
addEventListener("popstate", showAddress);
let width = innerWidth;
addEventListener("resize", () => {
  if (innerWidth === width) return;
  width = innerWidth;
  for (const redraw of drawn) redraw();
});
showAddress();
