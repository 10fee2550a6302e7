"use strict";
// The report's own: its trials, what was dropped, and what can be saved.
const PAGE = 50;

function save(filename, lines) {
  const link = make("a");
  const text = ["\ufeff", ...lines.map((line) => line + "\n")];
  link.href = URL.createObjectURL(new Blob(text, { type: "text/csv" }));
  link.download = filename;
  link.click();
  URL.revokeObjectURL(link.href);
}

const trials = { column: -1, down: false, page: 0, shown: [], texts: new Map(), lines: new Map() };

function readTrials({ rows, formats }, lines) {
  trials.shown = rows;
  rows.forEach((r, i) => {
    trials.texts.set(r, r.map((v, j) => cellText(v, formats[j])).join(" ").toLowerCase());
    trials.lines.set(r, lines[i + 1]);
  });
}

function matching() {
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = data.trials.rows.filter((r) => words.every((w) => trials.texts.get(r).includes(w)));
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
  const pages = Math.max(1, Math.ceil(rows.length / PAGE));
  trials.page = Math.min(trials.page, pages - 1);
  const part = rows.slice(trials.page * PAGE, (trials.page + 1) * PAGE);
  const body = document.querySelector("#all-trials tbody");
  body.replaceChildren(...part.map((values) => row(values, data.trials.formats)));
  if (!rows.length) {
    const cell = make("td", data.trials.rows.length ? "no trial matches" : "no trial has finished yet");
    cell.colSpan = data.trials.columns.length;
    const line = make("tr");
    line.append(cell);
    body.append(line);
  }
  byId("count").textContent = `${rows.length} trials, page ${trials.page + 1} of ${pages}`;
  byId("back").disabled = trials.page === 0;
  byId("forth").disabled = trials.page >= pages - 1;
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

async function start() {
  data = await unpacked("data");
  readTrials(data.trials, data.trials_csv);
  startFigures();
  headTrials();
  showTrials();
  startDropped(data.dropped);
  byId("search").addEventListener("input", () => { trials.page = 0; showTrials(); });
  byId("back").addEventListener("click", () => { trials.page -= 1; showTrials(); });
  byId("forth").addEventListener("click", () => { trials.page += 1; showTrials(); });
  byId("save-envelope").addEventListener("click", () => save(data.name + "-envelope.csv", data.envelope_csv));
  byId("save-trials").addEventListener("click", () => {
    save(data.name + "-trials.csv", [data.trials_csv[0], ...trials.shown.map((r) => trials.lines.get(r))]);
  });
  follow();
  document.documentElement.dataset.ready = "";
}

start();
