// The page: navigation, filters, and what stands in the middle.

function families() {
  return [...new Set(data.tasks.map((task) => task.family))];
}

function drawNav() {
  const link = (task, text) => el("li", {}, el("a", { href: address({ task, section: 0, run: "" }), "aria-current": task === state.task ? "page" : null }, text));
  const groups = families().filter(wantedFamily).map((family) => {
    const own = data.tasks.filter((task) => task.family === family);
    return [el("h2", {}, family.replaceAll("_", " ")), el("ul", {}, own.map((task) => link(task.id, task.id)))];
  });
  byId("nav").replaceChildren(el("ul", {}, link("", "Overview")), ...groups.flat());
  const option = (task) => el("option", { value: task.id, selected: task.id === state.task }, task.id);
  byId("board").replaceChildren(el("option", { value: "" }, "Overview"), ...data.tasks.filter((task) => wantedFamily(task.family)).map(option));
  byId("board").value = state.task;
}

function drawFilters() {
  byId("family").replaceChildren(el("option", { value: "" }, "all"), ...families().map((family) => el("option", { value: family }, family.replaceAll("_", " "))));
  byId("family").value = state.family;
  const box = (tier) => el("label", {}, el("input", { type: "checkbox", name: "tier", value: tier, onchange: changeTiers }), tier);
  if (byId("tiers").querySelectorAll("input").length === 0) byId("tiers").append(...data.tiers.map(box));
  for (const input of byId("tiers").querySelectorAll("input")) input.checked = state.tiers.has(input.value);
  if (byId("query").value !== state.query) byId("query").value = state.query;
}

function overviewPage() {
  const runs = data.tasks.flatMap((task) => task.sections.flatMap((section) => section.rows.flatMap((row) => row.runs)));
  const methods = new Set(data.tasks.flatMap((task) => task.sections.flatMap((section) => section.rows.map((row) => row.method))));
  const ranks = "Rank by the primary metric on each task, at default parameters; strong colour first, pale last. Methods told the group are ranked in a pool of their own (G). A number opens its runs.";
  return [
    el("h1", {}, "Symmetry Bench"),
    el("p", { class: "lead" }, `Methods that discover symmetries in data and use them, on the same data, networks and budgets: ${methods.size} methods and pipelines, ${data.tasks.length} tasks, ${show(runs.length)} runs.`),
    ...data.overall.map((table) => el("section", {}, el("h2", {}, table.title), plainTable(table))),
    el("section", {}, el("h2", {}, "Ranks by task"), el("p", { class: "muted prose" }, ranks), ranksTable()),
    el("section", {}, el("h2", {}, "Best of every task"), bestTable(), data.without.length ? el("p", { class: "muted" }, `No results yet: ${data.without.join(", ")}.`) : null),
    el("section", {}, el("details", {}, el("summary", {}, "How to read the tables"), el("div", { class: "prose" }, prose(data.reading)))),
    el("section", {}, el("details", {}, el("summary", {}, "Methods"), methodList(data.methods))),
  ];
}

function methodList(cards) {
  const item = ([name, title, summary, citation]) => el("li", {}, el("code", {}, name), `: ${title}; ${summary}.${citation ? ` ${citation}.` : ""}`);
  return el("ul", { class: "prose" }, cards.map(item));
}

function taskPage(task) {
  const section = task.sections[state.section];
  const id = `${task.id} ${state.section}`;
  const better = task.metric.up ? "higher is better" : "lower is better";
  const used = new Set(section.rows.flatMap((row) => row.method.split("+")));
  const tables = task.sections.length && section.tables.map((table) => el("section", {}, el("h3", {}, table.title), boardTable(`${id} ${table.title}`, table, section), prose(table.notes)));
  const plots = [costPlot(id, task, section), learningPlot(id, task, section), anglePlot(id, task, section)].filter(Boolean);
  return [
    el("h1", {}, task.title),
    el("p", { class: "lead" }, el("code", {}, task.id), `: ${task.summary}. Ranked by `, el("code", {}, task.metric.id), ` (${better}).`),
    el("section", {}, sectionChoice(task), el("ul", { class: "facts" }, section.facts.map(([, ...spans]) => el("li", {}, spans.map(([, text]) => text)))), hardware(section)),
    tables[0],
    plots.length ? el("div", { class: "pair" }, plots.map((plot) => { plot.className = "card"; return plot; })) : null,
    heatPlot(section),
    ...tables.slice(1),
    section.notes.length ? el("section", {}, el("details", {}, el("summary", {}, "Notes, and seeds without a result"), prose(section.notes))) : null,
    el("section", {}, el("details", {}, el("summary", {}, "Reproduce"), el("pre", { tabindex: 0 }, section.rows.filter(wanted).map((row) => `${row.command}  # ${row.key}`).join("\n")))),
    el("section", {}, el("details", {}, el("summary", {}, "Methods and source"), methodList(data.methods.filter(([name]) => used.has(name))), task.citation ? el("p", {}, el("b", {}, "Task: "), `${task.citation}.`) : null)),
  ];
}

function sectionChoice(task) {
  if (task.sections.length === 1) return el("h2", {}, `Budget ${task.sections[0].title}`);
  const options = task.sections.map((section, place) => el("option", { value: place, selected: place === state.section }, section.title));
  return el("h2", {}, el("label", {}, "Budget ", el("select", { id: "section", onchange: (event) => go({ section: Number(event.target.value), run: "" }) }, options)));
}

function hardware(section) {
  return section.hardware.length ? el("p", { class: "muted" }, section.hardware.map(([letter, name]) => `Hardware ${letter}: ${name}`).join("; ")) : null;
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
  if (moved) { scrollTo(0, 0); byId("main").focus({ preventScroll: true }); }
  const task = data.tasks.find((one) => one.id === state.task);
  const section = task?.sections[state.section];
  const row = section?.rows.find((one) => one.key === state.run);
  if (!row) { state.run = ""; closePanel(); return; }
  drawPanel(task, section, row);
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
byId("filters").addEventListener("reset", (event) => { event.preventDefault(); go({ family: "", tiers: new Set(all), query: "" }, true); });
document.querySelector(".skip").addEventListener("click", (event) => { event.preventDefault(); byId("main").focus(); });
addEventListener("hashchange", showAddress);
addEventListener("popstate", showAddress);
let width = innerWidth;
addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; for (const redraw of drawn) redraw(); } });
showAddress();
