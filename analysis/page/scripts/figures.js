"use strict";
// Draws the figures when they come into sight, and serves their tables and the theme: for every page.
let data;
const CONFIG = {
  displayModeBar: false, displaylogo: false, showSendToCloud: false, plotlyServerURL: "",
  topojsonURL: "", responsive: false,
};
const chosen = {};
const drawn = new Set();
const byId = (id) => document.getElementById(id);
const make = (tag, text) => {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  return element;
};

const isDark = () => document.documentElement.dataset.theme === "dark";

// Only colours change with the theme: values of keys that end in color, and nothing a user named.
function themed(value, key) {
  if (Array.isArray(value)) return key === "colorscale" ? value : value.map((v) => themed(v, key));
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, themed(v, k)]));
  }
  if (typeof value !== "string" || !/color$/i.test(key || "")) return value;
  return isDark() ? data.dark[value.toLowerCase()] || value : value;
}

function variant(name) {
  const all = data.figures[name];
  return all.find((v) => v.key === chosen[name]) || all[0];
}

function draw(name, limit) {
  const box = byId("figure-" + name);
  if (!box) return;
  drawn.add(name);
  const { figure, label } = variant(name);
  const copy = themed(structuredClone(figure), "");
  const room = limit || box.parentElement.clientWidth;
  let { minw, maxw, narrow } = copy.layout.meta;
  if (narrow && room < 0.95 * minw) {
    minw = narrow.minw;
    narrowed(copy, Math.max(minw, room));
  }
  copy.layout.width = Math.min(maxw, limit || Math.max(minw, room));
  if (isDark()) (copy.layout.shapes || []).forEach((s) => { if (s.line && s.line.width === 3.5) s.line.width = 4.5; });
  Plotly.react(box, copy.data, copy.layout, CONFIG);
  box.setAttribute("role", "img");
  box.setAttribute("aria-label", label);
}

function cellText(value, format) {
  if (value === null) return "";
  if (typeof value !== "number") return value;
  let text = String(value);
  if (format === "%") text = `${+(100 * value).toFixed(2)}%`;
  else if (format === ",") text = value.toLocaleString("en");
  else if (format) text = (format[0] === "+" && value > 0 ? "+" : "") + value.toFixed(+format.at(-1));
  return text.replace("-", "−");
}

// Numbers stand right, and so do their headings.
function heads({ columns, rows }, fill) {
  const line = make("tr");
  columns.forEach((name, i) => {
    const head = make("th");
    head.scope = "col";
    if (rows.some((values) => typeof values[i] === "number")) head.className = "num";
    head.append(fill(name, i, head));
    line.append(head);
  });
  return line;
}

function row(values, formats) {
  const line = make("tr");
  for (const [i, value] of values.entries()) {
    const cell = make("td", cellText(value, (formats || [])[i]));
    if (typeof value === "number") cell.className = "num";
    else if (cell.textContent.length > 48) cell.className = "long";
    line.append(cell);
  }
  return line;
}

function fillTable(name) {
  const details = document.querySelector(`details.table[data-figure="${name}"]`);
  if (!details || !details.open) return;
  const { columns, rows, formats } = variant(name).table;
  const table = make("table"), head = make("thead"), body = make("tbody");
  head.append(heads({ columns, rows }, (name) => make("span", name)));
  body.append(...rows.map((values) => row(values, formats)));
  table.append(head, body);
  details.querySelector("div").replaceChildren(table);
}

function choose(name, key) {
  chosen[name] = key;
  const picked = variant(name);
  const select = byId("pick-" + name);
  if (![...select.options].some((option) => option.value === picked.key)) search(name, "");
  select.value = picked.key;
  select.parentElement.querySelector(".chosen").textContent = picked.label;
  const note = byId("note-" + name);
  if (note) note.textContent = picked.caption;
  if (drawn.has(name)) draw(name);
  fillTable(name);
}

// The groups and options of each list as the page came; what a search leaves out is taken from the list.
const lists = new Map();

function search(name, text) {
  const select = byId("pick-" + name), field = byId("find-" + name);
  if (!field) return [];
  if (!lists.has(name)) lists.set(name, [...select.children].map((one) => [one, [...one.children]]));
  const words = text.toLowerCase().split(/\s+/).filter(Boolean), kept = variant(name).key, matching = [];
  for (const [one, options] of lists.get(name)) {
    const own = options.length ? options : [one];
    const left = own.filter((option) => {
      const seen = `${options.length ? one.label : ""} ${option.label}`.toLowerCase();
      const is = words.every((word) => seen.includes(word));
      if (is) matching.push(option);
      return is || option.value === kept;
    });
    if (options.length) one.replaceChildren(...left);
    if (left.length) select.append(one);
    else one.remove();
  }
  select.value = kept;
  field.value = text;
  const count = lists.get(name).reduce((sum, [, options]) => sum + (options.length || 1), 0);
  field.parentElement.querySelector(".found").textContent = words.length ? `${matching.length} of ${count}` : "";
  return matching;
}

function pick(name, key) {
  choose(name, key);
  history.replaceState(null, "", `#${name}=${encodeURIComponent(key)}`);
}

function follow() {
  const [name, key] = location.hash.slice(1).split("=");
  if (name === "theme") return setTheme(key);
  if (!key || !data.figures[name] || !byId("pick-" + name)) return;
  choose(name, decodeURIComponent(key));
  byId(name).scrollIntoView();
}

function setTheme(name) {
  document.documentElement.dataset.theme = name === "dark" ? "dark" : "light";
  for (const figure of drawn) draw(figure);
}

async function unpacked(id) {
  const bytes = Uint8Array.from(atob(byId(id).textContent), (char) => char.charCodeAt(0));
  const unzipped = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(unzipped);
}

// Plotly comes packed, and runs once it is unpacked: the policy of the page knows it by its hash.
async function unpack() {
  const [values, plotly] = await Promise.all([unpacked("data"), unpacked("plotly")]);
  data = await values.json();
  document.head.append(make("script", await plotly.text()));
}

function startFigures() {
  setTheme(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const watch = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting && !drawn.has(entry.target.dataset.figure)) draw(entry.target.dataset.figure);
    }
  }, { rootMargin: "600px" });
  document.querySelectorAll(".figure").forEach((box) => watch.observe(box));
  document.querySelectorAll("select[data-figure]").forEach((select) => {
    select.addEventListener("change", () => pick(select.dataset.figure, select.value));
  });
  document.querySelectorAll(".narrow, .saves").forEach((part) => { part.hidden = false; });
  document.querySelectorAll(".narrow input").forEach((field) => {
    const name = field.dataset.figure;
    field.addEventListener("input", () => search(name, field.value));
    field.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown") byId("pick-" + name).focus();
      if (event.key !== "Enter") return;
      const [first] = field.value.trim() ? search(name, field.value) : [];
      if (first) pick(name, first.value);
    });
  });
  document.querySelectorAll(".saves button").forEach((button) => {
    const { figure, save } = button.dataset;
    button.addEventListener("click", () => savePicture(save, [data.name, figure], data.titles[figure], variant(figure)));
  });
  document.querySelectorAll("details.table").forEach((details) => {
    details.addEventListener("toggle", () => fillTable(details.dataset.figure));
  });
  byId("theme").addEventListener("click", () => setTheme(isDark() ? "light" : "dark"));
  byId("print").addEventListener("click", () => print());
  let waiting = 0;
  addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => drawn.forEach((name) => draw(name)), 150);
  });
  addEventListener("beforeprint", () => {
    document.documentElement.dataset.before = document.documentElement.dataset.theme;
    document.documentElement.dataset.theme = "light";
    Object.keys(data.figures).forEach((name) => { if (data.figures[name].length) draw(name, 690); });
  });
  addEventListener("afterprint", () => setTheme(document.documentElement.dataset.before));
  addEventListener("hashchange", follow);
}
