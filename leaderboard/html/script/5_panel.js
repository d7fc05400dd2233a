// The panel of a row: what it is, and one of its runs.

const panel = byId("panel");
const GROUPS = { test: "Scores on test data", equivariance: "Equivariance", symmetry: "Generators found", cost: "Cost" };

function openRun(row, seed = null) {
  go({ run: row.key, seed });
}

function closePanel() {
  if (panel.open) panel.close();
}

panel.addEventListener("close", () => {
  if (state.run) history.replaceState(null, "", address({ run: "", seed: null }));
  state.run = "";
});
panel.addEventListener("click", (event) => {
  if (event.target === panel) closePanel();
});

function list(pairs) {
  const line = ([name, value, kind]) => el("div", {}, el("dt", {}, name), el("dd", { class: kind }, value));
  return el("dl", {}, pairs.map(line));
}

function part(title, pairs) {
  return pairs.length ? [el("h3", {}, title), list(pairs)] : [];
}

function drawPanel(task, section, row) {
  const seeds = row.runs.map((run) => run.seed);
  const run = row.runs[Math.max(0, seeds.indexOf(state.seed))];
  const choose = (seed) => {
    go({ seed }, true);
    byId(`seed-${seed}`).focus();
  };
  const button = ({ seed, status }) => {
    const about = { type: "button", id: `seed-${seed}`, "aria-pressed": String(seed === run.seed), title: status };
    const failed = { class: status === "ok" ? null : "bad", onclick: () => choose(seed) };
    return el("button", { ...about, ...failed }, status === "ok" ? `${seed}` : `${seed} ${status}`);
  };
  const place = section.rows.indexOf(row);
  const means = section.tables.flatMap((table) => {
    const line = table.rows.find((one) => one.row === place);
    return line ? table.columns.map((name, i) => [name, line.cells[i][0], line.cells[i][2]?.class]) : [];
  });
  const hardware = row.hardware.map((letter) => section.hardware.find(([name]) => name === letter)[1]);
  const head = [["rank", row.rank], ["told", row.tier], ["n ok", row.counted[0]]];
  panel.replaceChildren(
    el(
      "div",
      { class: "panel-head" },
      el("div", {}, el("h2", { id: "panel-title" }, row.label), el("div", { class: "muted" }, `${task.id}, ${section.title}`)),
      el("button", { type: "button", onclick: closePanel }, "Close"),
    ),
    el("pre", { tabindex: 0, "aria-label": "Command that reproduces the row" }, row.command),
    el(
      "div",
      { class: "seeds", role: "group", "aria-label": "Seed" },
      el("span", { class: "muted" }, "run of seed"),
      row.runs.map(button),
    ),
    ...drawRun(section, row, run),
    ...part("All seeds: the cells of the tables", [...head, ...means.filter(([, text]) => text !== NOTHING)]),
    ...(hardware.length ? [el("p", { class: "muted" }, `Hardware: ${hardware.join("; ")}`)] : []),
  );
}

function drawRun(section, row, run) {
  const shown = data.names[run.names].map((name, i) => [name, run.values[i]]);
  const plain = (value) => (value !== null && typeof value === "object" ? JSON.stringify(value) : String(value));
  const changed = new Set(row.changed);
  const params = Object.entries(data.params[run.params]).map(([name, value]) => {
    return [name, plain(value), changed.has(name) ? "changed" : null];
  });
  const limit = Math.max(1, ...(run.generators ?? []).flat(2).map(Math.abs));
  const scores = Object.entries(GROUPS).map(([group, title]) => {
    const own = shown.filter(([name]) => name.startsWith(`${group}/`));
    return part(title, own.map(([name, value]) => [name.slice(group.length + 1) + inBrackets(section.units[name]), show(value, 5)]));
  });
  return [
    list([
      ["status", run.status, run.status === "ok" ? null : "bad"],
      ["started", run.started],
      ["records", `${row.key}, seed ${run.seed}`],
      ...(run.discovery ? [["generators taken from", run.discovery]] : []),
    ]),
    run.reason ? el("p", { class: "bad reason" }, run.reason) : null,
    ...scores.flat(),
    ...(run.generators ? [el("h3", {}, "Generators, at norm 1"), matrices(run.generators, limit, "learned")] : []),
    ...part("Parameters", params),
    ...part("Environment", Object.entries(data.envs[run.env]).map(([name, value]) => [name, plain(value)])),
  ].filter(Boolean);
}
