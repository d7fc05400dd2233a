"use strict";
// Elements are made from text nodes only: no string of the records is ever read as HTML.

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const NOTHING = "–";

function build(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false)
      element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(2).filter((child) => child !== null && child !== undefined));
  return element;
}

function el(tag, attributes = {}, ...children) {
  return build(document.createElement(tag), attributes, children);
}

function svg(tag, attributes = {}, ...children) {
  return build(document.createElementNS("http:\u002f\u002fwww.w3.org/2000/svg", tag), attributes, children);
}

// Spans as leaderboard/html/values.py writes them.
function inline(spans) {
  return spans.map(([style, text]) => (style ? el(style, {}, text) : text));
}

// Blocks as leaderboard/html/values.py writes them: list items become one list.
function prose(blocks) {
  const found = [];
  for (const [kind, ...spans] of blocks) {
    const inner = inline(spans);
    if (kind === "p") found.push(el("p", {}, inner));
    else if (found.at(-1)?.tagName === "UL") found.at(-1).append(el("li", {}, inner));
    else found.push(el("ul", {}, el("li", {}, inner)));
  }
  return found;
}

function say(text) {
  byId("status").textContent = text;
}

// A number as the tables write it: so many significant digits, scientific where it would be long.
function show(value, digits = 3) {
  if (value === null || value === undefined) return NOTHING;
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return value.toLocaleString("en");
  const size = Math.abs(value);
  if (size >= 1e-2 && size < 1e5)
    return Number(value.toPrecision(digits)).toLocaleString("en", { maximumFractionDigits: 8 });
  return value.toExponential(digits - 1).replace("e+", "e");
}

// What is chosen, and where it is kept: the part behind # of the address, so that a view can be sent to someone.
const all = new Set(data.tiers);
const state = { task: "", section: 0, family: "", tiers: new Set(all), query: "", run: "", seed: null };

function readAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  const task = given.get("task") ?? "";
  state.task = data.tasks.some((one) => one.id === task) ? task : "";
  const sections = data.tasks.find((one) => one.id === state.task)?.sections ?? [];
  const section = Number(given.get("section") ?? 0);
  state.section = section in sections ? section : 0;
  state.family = data.tasks.some((one) => one.family === given.get("family")) ? given.get("family") : "";
  state.tiers = given.has("told") ? new Set(given.get("told").split(" ").filter((tier) => all.has(tier))) : new Set(all);
  state.query = given.get("method") ?? "";
  state.run = given.get("run") ?? "";
  state.seed = given.has("seed") ? Number(given.get("seed")) : null;
}

function address(changes = {}) {
  const wanted = { ...state, ...changes };
  const parts = new URLSearchParams();
  if (wanted.task) parts.set("task", wanted.task);
  if (wanted.task && wanted.section) parts.set("section", wanted.section);
  if (wanted.family) parts.set("family", wanted.family);
  if (wanted.tiers.size < all.size) parts.set("told", [...wanted.tiers].join(" "));
  if (wanted.query) parts.set("method", wanted.query);
  if (wanted.run) parts.set("run", wanted.run);
  if (wanted.run && wanted.seed !== null) parts.set("seed", wanted.seed);
  return `#${parts}`;
}

function words() {
  return state.query.toLowerCase().split(/\s+/).filter(Boolean);
}

function named(label) {
  const text = label.toLowerCase();
  return words().every((word) => text.includes(word));
}

function wanted(row) {
  return state.tiers.has(row.tier) && named(row.label);
}

function wantedFamily(family) {
  return !state.family || family === state.family;
}
