// The panel of a row: what it is, and one of its runs.

const panel = byId("panel");

function openRun(row, seed = null) {
  history.pushState(null, "", address({ run: row.key, seed }));
  showAddress();
}

function openFrom(task, label) {
  const found = data.tasks.find((one) => one.id === task);
  const row = found.sections[0].rows.find((one) => one.label === label);
  history.pushState(null, "", address({ task, section: 0, run: row.key, seed: null }));
  showAddress();
}

function closePanel() {
  if (panel.open) panel.close();
}

panel.addEventListener("close", () => {
  if (state.run) history.replaceState(null, "", address({ run: "", seed: null }));
  state.run = "";
});
panel.addEventListener("click", (event) => { if (event.target === panel) closePanel(); });

function list(pairs) {
  return el("dl", {}, pairs.map(([name, value, kind]) => el("div", {}, el("dt", {}, name), el("dd", { class: kind }, value))));
}

function drawPanel(task, section, row) {
  const seeds = row.runs.map((run) => run.seed);
  const seed = seeds.includes(state.seed) ? state.seed : seeds[0];
  const run = row.runs.find((one) => one.seed === seed);
  const choose = (other) => { history.replaceState(null, "", address({ seed: other })); state.seed = other; drawPanel(task, section, row); byId(`seed-${other}`).focus(); };
  const buttons = row.runs.map((one) => el(
    "button", { type: "button", id: `seed-${one.seed}`, "aria-pressed": String(one.seed === seed), class: one.status === "ok" ? null : "bad", title: one.status, onclick: () => choose(one.seed) },
    one.status === "ok" ? `${one.seed}` : `${one.seed} ${one.status}`,
  ));
  const interval = row.interval ? [["95 % interval", row.interval.map((value) => show(value)).join(" to ")]] : [];
  const letter = row.letter ? [["tied with letter", row.letter]] : [];
  const published = row.published === null ? [] : [["published", show(row.published, 4)]];
  panel.replaceChildren(
    el("div", { class: "panel-head" },
      el("div", {}, el("h2", { id: "panel-title" }, row.label), el("div", { class: "muted" }, `${task.id}, ${section.title}`)),
      el("button", { type: "button", onclick: closePanel }, "Close")),
    el("h3", {}, "All seeds"),
    list([
      ["rank", row.rank], ["told", row.tier], ["search space", row.search ?? NOTHING], ["seeds ok", row.counted],
      [task.metric.label, row.metric ? spread(row.metric, 4) : NOTHING], ...interval, ...letter, ...published,
      ["fit [s]", row.fit ? spread(row.fit) : NOTHING], ["hardware", hardwareNames(section, row)],
    ]),
    el("pre", { tabindex: 0, "aria-label": "Command that reproduces the row" }, row.command),
    el("h3", {}, "One run"),
    el("div", { class: "seeds", role: "group", "aria-label": "Seed" }, el("span", { class: "muted" }, "seed"), buttons),
    ...drawRun(row, run),
  );
}

function hardwareNames(section, row) {
  return row.hardware.map((letter) => section.hardware.find(([name]) => name === letter)[1]).join("; ") || NOTHING;
}

function drawRun(row, run) {
  const values = data.names[run.names].map((name, i) => [name, run.values[i]]);
  const scores = values.filter(([name]) => !name.startsWith("cost/"));
  const costs = values.filter(([name]) => name.startsWith("cost/"));
  const unit = (name) => (["", "1", undefined].includes(data.units[name]) ? name : `${name} [${data.units[name]}]`);
  const plain = (value) => (value !== null && typeof value === "object" ? JSON.stringify(value) : String(value));
  const params = Object.entries(data.params[run.params]).map(([name, value]) => [name, plain(value), name in row.changed ? "changed" : null]);
  const limit = Math.max(1, ...(run.generators ?? []).flat(2).map(Math.abs));
  const part = (title, pairs) => (pairs.length ? [el("h3", {}, title), list(pairs)] : []);
  return [
    list([["status", run.status, run.status === "ok" ? null : "bad"], ["started", run.started]]),
    run.reason ? el("p", { class: "bad" }, run.reason) : null,
    ...part("Scores", scores.map(([name, value]) => [unit(name), show(value, 5)])),
    ...(run.generators ? [el("h3", {}, "Generators, at norm 1"), matrices(run.generators, limit, "learned")] : []),
    ...part("Cost", costs.map(([name, value]) => [name.slice(5), show(value, 4)])),
    ...part("Parameters", params),
    ...part("Environment", Object.entries(data.envs[run.env]).map(([name, value]) => [name, plain(value)])),
  ].filter(Boolean);
}
