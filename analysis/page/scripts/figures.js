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

function widthOf(box, meta) {
  const room = box.parentElement.clientWidth;
  return Math.max(meta.minw, Math.min(meta.maxw, room));
}

function draw(name, limit) {
  const box = byId("figure-" + name);
  if (!box) return;
  drawn.add(name);
  const { figure, label } = variant(name);
  const copy = themed(structuredClone(figure), "");
  copy.layout.width = limit ? Math.min(limit, figure.layout.meta.maxw) : widthOf(box, figure.layout.meta);
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
  select.value = picked.key;
  select.parentElement.querySelector(".chosen").textContent = picked.label;
  const note = byId("note-" + name);
  if (note) note.textContent = picked.caption;
  if (drawn.has(name)) draw(name);
  fillTable(name);
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
  return new Response(unzipped).json();
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
    select.addEventListener("change", () => {
      choose(select.dataset.figure, select.value);
      history.replaceState(null, "", `#${select.dataset.figure}=${encodeURIComponent(select.value)}`);
    });
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
