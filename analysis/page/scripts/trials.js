"use strict";
// The table of all trials: what is searched for, its order, its pages, and all that is known of one.
const PAGE = 50;
const TRIAL_WORDS = /"([^"]*)"|(\S+)/g;
const COMPARED = /^([^<>=!]*)(>=|<=|!=|>|<|=)([^<>=]+)$/;
const trials = {
  column: -1, down: false, page: 0, shown: [], texts: new Map(), lines: new Map(), places: new Map(),
  whole: false, linked: false, open: new Set(), told: "",
};

function readTrials({ rows, formats }, lines) {
  trials.shown = rows;
  rows.forEach((r, i) => {
    trials.texts.set(r, r.map((v, j) => cellText(v, formats[j])).join(" ").toLowerCase());
    trials.lines.set(r, lines[i + 1]);
    trials.places.set(r, i);
  });
}

// "Train s", "train_s" and "train-s" are one name.
const bare = (name) => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");

// A number does not begin or end within another one: 5% is not in 15%, nor 3 in 30.
function holds(text, word) {
  const digit = (char) => /[\d.]/.test(char || " ");
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    const left = !digit(word[0]) || !digit(text[at - 1]);
    if (left && (!digit(word.at(-1)) || !digit(text[at + word.length]))) return true;
  }
  return false;
}

function columnOf(name) {
  const { columns } = data.trials;
  const asked = bare(name);
  if (!asked) return data.trials_metric;
  const known = { rate: "removed", delta: columns[data.trials_change], change: columns[data.trials_change] };
  const names = columns.map(bare);
  return names.indexOf(bare(known[asked] || asked));
}

function numberOf(text, format) {
  const value = Number(text.replace("−", "-").replaceAll(",", "").replace("%", ""));
  const isShare = text.includes("%") || (format === "%" && value > 1);
  return isShare ? value / 100 : value;
}

const TESTS = {
  ">": (a, b) => a > b, "<": (a, b) => a < b, ">=": (a, b) => a >= b, "<=": (a, b) => a <= b,
  "=": (a, b) => Math.abs(a - b) < 1e-9, "!=": (a, b) => Math.abs(a - b) >= 1e-9,
};

// A comparison as a question to a row; null where it is none, and `trials.told` says why.
function comparison(text) {
  const found = COMPARED.exec(text);
  if (!found) return null;
  const [, name, sign, asked] = found;
  const column = columnOf(name);
  if (column < 0) {
    trials.told = `There is no column “${name}”. Columns: ${data.trials.columns.join(", ")}.`;
    return null;
  }
  const isNumber = data.trials.rows.some((r) => typeof r[column] === "number");
  const value = numberOf(asked, data.trials.formats[column]);
  if (isNumber && !Number.isNaN(value)) return (r) => typeof r[column] === "number" && TESTS[sign](r[column], value);
  if (isNumber || (sign !== "=" && sign !== "!=")) {
    trials.told = isNumber ? `“${asked}” is no number.` : `“${data.trials.columns[column]}” holds no numbers.`;
    return null;
  }
  return (r) => String(r[column] || "").toLowerCase().includes(asked) === (sign === "=");
}

function questions() {
  trials.told = "";
  // Blanks around a sign, and quotes around a column's name, are part of no word.
  const text = byId("search").value.toLowerCase().replace(/\s*(>=|<=|!=|=|>|<)\s*/g, "$1");
  const asked = text.replace(/"([^"]*)"(?=[<>=!])/g, (_, name) => bare(name));
  return [...asked.matchAll(TRIAL_WORDS)].map(([, phrase, word]) => {
    const one = phrase === undefined ? word : phrase;
    return (phrase === undefined && comparison(one)) || ((r) => holds(trials.texts.get(r), one));
  });
}

function matching() {
  const asked = questions();
  const rows = data.trials.rows.filter((r) => asked.every((holdsFor) => holdsFor(r)));
  if (rows.length) trials.told = "";
  const { column, down } = trials;
  if (column < 0) return rows;
  const compare = (a, b) => {
    const [x, y] = [a[column], b[column]];
    if (x === null || y === null) return (x === null) - (y === null);
    const order = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y));
    return down ? -order : order;
  };
  return rows.sort(compare);
}

function showTrials() {
  const rows = (trials.shown = matching());
  const size = trials.whole ? Math.max(1, rows.length) : PAGE;
  const pages = Math.max(1, Math.ceil(rows.length / size));
  trials.page = Math.min(trials.page, pages - 1);
  const part = rows.slice(trials.page * size, (trials.page + 1) * size);
  const body = document.querySelector("#all-trials tbody");
  body.replaceChildren(...part.flatMap(trialLines));
  if (!rows.length) {
    const cell = make("td", trials.told || (data.trials.rows.length ? "no trial matches" : "no trial has finished yet"));
    cell.colSpan = data.trials.columns.length;
    const line = make("tr");
    line.append(cell);
    body.append(line);
  }
  const count = `${rows.length} trial${rows.length === 1 ? "" : "s"}`;
  byId("count").textContent = trials.whole ? count : `${count}, page ${trials.page + 1} of ${pages}`;
  byId("back").disabled = trials.page === 0;
  byId("forth").disabled = trials.page >= pages - 1;
}

// A trial's line, whose first cell opens all that is known of it.
function trialLines(values) {
  const line = row(values, data.trials.formats);
  if (trials.whole) return [line];
  const button = make("button", values[0]);
  button.type = "button";
  const isOpen = trials.open.has(values);
  button.setAttribute("aria-expanded", isOpen);
  button.addEventListener("click", () => {
    const opens = !trials.open.delete(values);
    if (opens) trials.open.add(values);
    button.setAttribute("aria-expanded", opens);
    if (opens) line.after(trialDetail(values));
    else line.nextSibling.remove();
  });
  line.firstChild.replaceChildren(button);
  return isOpen ? [line, trialDetail(values)] : [line];
}

// The cells of one entry of a CSV file.
function cellsOf(line) {
  const cells = [];
  for (const [, quoted, plain] of line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,"]*))/g)) {
    cells.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
  }
  return cells;
}

const BY_CLASS = ["class_names", "class_counts", "kept_counts", "test_counts", "recall"];

function trialDetail(values) {
  const names = cellsOf(data.trials_csv[0]);
  const cells = cellsOf(trials.lines.get(values));
  const known = new Map(names.map((name, i) => [name, cells[i]]));
  const list = make("dl");
  const tell = (name, text) => { if (text) list.append(make("dt", name), make("dd", text)); };
  for (const [name, text] of known) if (!BY_CLASS.includes(name) && text !== "{}" && text !== "[]") tell(name, text);
  tell("versions", data.environments[data.environment_of[trials.places.get(values)] || 0]);
  const box = make("td");
  box.colSpan = data.trials.columns.length;
  box.append(list);
  const [classes, ...counts] = BY_CLASS.map((name) => JSON.parse(known.get(name) || "[]"));
  if (classes.length) {
    const scroll = make("div");
    scroll.className = "scroll tall";
    scroll.tabIndex = 0;
    scroll.role = "region";
    scroll.ariaLabel = "Classes of this trial";
    scroll.append(classTable(classes, counts));
    box.append(scroll);
  }
  const line = make("tr");
  line.className = "detail";
  line.append(box);
  return line;
}

function classTable(classes, counts) {
  const table = make("table"), head = make("thead"), body = make("tbody");
  const columns = ["class", "training rows", "kept", "test rows", "recall"];
  const rows = classes.map((name, k) => [name, ...counts.map((all) => all[k] ?? null)]);
  head.append(heads({ columns, rows }, (name) => make("span", name)));
  body.append(...rows.map((values) => row(values, ["", ",", ",", ",", ".4"])));
  table.append(head, body);
  return table;
}

function headTrials() {
  const line = heads(data.trials, (name, i, head) => {
    const button = make("button", name);
    button.type = "button";
    button.addEventListener("click", () => {
      trials.down = trials.column === i && !trials.down;
      trials.column = i;
      [...head.parentElement.children].forEach((other, j) => {
        other.removeAttribute("aria-sort");
        other.firstChild.textContent = data.trials.columns[j];
      });
      head.setAttribute("aria-sort", trials.down ? "descending" : "ascending");
      button.textContent = `${name} ${trials.down ? "↓" : "↑"}`;
      showTrials();
    });
    return button;
  });
  document.querySelector("#all-trials thead").append(line);
}

// #trials=TEXT fills the search and goes there; the way back empties it again.
function followTrials() {
  const text = /^#trials=(.*)$/.exec(location.hash);
  if (!text && !trials.linked) return;
  trials.linked = Boolean(text);
  byId("search").value = text ? decodeURIComponent(text[1]) : "";
  trials.page = 0;
  showTrials();
  if (text) byId("trials").scrollIntoView();
}

function printTrials(whole) {
  trials.whole = whole;
  showTrials();
}

function startTrials() {
  readTrials(data.trials, data.trials_csv);
  headTrials();
  showTrials();
  byId("search").addEventListener("input", () => {
    const text = byId("search").value;
    history.replaceState(null, "", text ? `#trials=${encodeURIComponent(text)}` : "#trials");
    trials.linked = Boolean(text);
    trials.page = 0;
    showTrials();
  });
  byId("back").addEventListener("click", () => { trials.page -= 1; showTrials(); });
  byId("forth").addEventListener("click", () => { trials.page += 1; showTrials(); });
  addEventListener("hashchange", followTrials);
  addEventListener("beforeprint", () => printTrials(true));
  addEventListener("afterprint", () => printTrials(false));
  followTrials();
}
