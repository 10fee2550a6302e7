"use strict";
// The board: its rows sorted by a rate and found by name, its other warm-ups chosen, its answer in sight,
// its cells linked to their trials. All that it shows is in the page without it.
function boardChange(row, column) {
  const text = row.cells[column].querySelector("b")?.textContent ?? "";
  const value = parseFloat(text.replace(/[^−\d.]/g, "").replace("−", "-"));
  return Number.isNaN(value) ? null : value;
}

// The rows of a panel, those in between behind the others.
function boardRows(warm) {
  return [...warm.querySelectorAll("table.board tbody tr")];
}

function sortBoard(warm, column, up) {
  const rows = boardRows(warm);
  const control = (row) => row.classList.contains("control");
  rows.sort((a, b) => {
    if (control(a) !== control(b)) return control(b) - control(a);
    const [x, y] = [boardChange(a, column), boardChange(b, column)];
    if (x === null || y === null) return (x === null) - (y === null);
    return up ? x - y : y - x;
  });
  const bodies = [...warm.querySelectorAll("table.board tbody")];
  const sizes = bodies.map((body) => body.rows.length);
  bodies.forEach((body, i) => body.replaceChildren(...rows.splice(0, sizes[i])));
}

function sortable(warm) {
  const heads = [...warm.querySelectorAll("table.board thead tr")];
  for (const [i, head] of [...heads[0].cells].entries()) {
    if (!i) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.title = "Sort by the change at this rate";
    button.textContent = head.textContent;
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") === "descending";
      sortBoard(warm, i, up);
      for (const line of heads) {
        for (const other of line.cells) {
          other.removeAttribute("aria-sort");
          const label = other.querySelector("button");
          if (label) label.textContent = label.textContent.replace(/ [↓↑]$/, "");
        }
      }
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      button.textContent += up ? " ↑" : " ↓";
    });
    head.replaceChildren(button);
  }
}

// A name as the search of the trials takes it whole; a quote in it ends a phrase.
function phrases(name) {
  return name.split('"').filter((part) => part.trim()).map((part) => `"${part.trim()}"`);
}

function linkTrials(set, warm) {
  const rates = [...warm.querySelector("thead tr").cells].map((head) => head.textContent.split(" ")[0]);
  for (const row of boardRows(warm)) {
    for (const [i, cell] of [...row.cells].entries()) {
      const mean = cell.querySelector("b");
      if (!mean) continue;
      const link = document.createElement("a");
      const words = [...phrases(set), ...phrases(row.dataset.method), `removed=${rates[i]}`];
      link.href = "#trials=" + encodeURIComponent(words.join(" "));
      link.title = "Its trials";
      link.append(...mean.childNodes);
      mean.append(link);
    }
  }
}

// One of several warm-ups is shown; the others are one choice away.
function choosable(group, number) {
  const warms = [...group.children];
  if (warms.length < 2) return;
  const line = document.createElement("p");
  line.className = "choose";
  const label = document.createElement("label");
  label.textContent = "Rows";
  label.htmlFor = `board-warm-${number}`;
  const pick = document.createElement("select");
  pick.id = label.htmlFor;
  warms.forEach((warm, i) => {
    pick.add(new Option(warm.dataset.warm + (i || !warm.querySelector(".answer") ? "" : " (the answer's)"), i));
  });
  const show = () => {
    warms.forEach((warm, i) => { warm.hidden = i !== Number(pick.value); });
  };
  for (const warm of warms) {
    if (warm.tagName === "DETAILS") warm.open = true;
    warm.classList.add("chosen-by");
  }
  pick.addEventListener("change", show);
  show();
  line.append(label, pick);
  group.prepend(line);
}

function findMethods(board) {
  const tools = document.getElementById("board-tools");
  if (!tools) return;
  const search = document.getElementById("find-method");
  tools.hidden = false;
  search.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = new Set();
    for (const row of board.querySelectorAll("tbody tr")) {
      const text = `${row.cells[0].textContent} ${row.dataset.method}`.toLowerCase();
      const matches = words.every((word) => text.includes(word));
      row.hidden = !matches && !row.classList.contains("control");
      if (matches) found.add(row.dataset.method);
    }
    for (const more of board.querySelectorAll("details.more")) more.open = words.length > 0;
    const count = `${found.size} method${found.size === 1 ? "" : "s"}, random always shown`;
    document.getElementById("found-methods").textContent = words.length ? count : "";
  });
}

// The answer's column in sight where the board is wider than its place: it scrolls itself, never the page.
function showAnswers(board) {
  for (const cell of board.querySelectorAll("td.answer")) {
    const box = cell.closest(".scroll");
    const hidden = cell.getBoundingClientRect().right - box.getBoundingClientRect().right;
    if (hidden > 0) box.scrollLeft += hidden + 6;
  }
}

function startBoard() {
  const board = document.getElementById("board");
  if (!board) return;
  for (const set of board.querySelectorAll(".board-set")) {
    for (const warm of set.querySelectorAll(".warm")) {
      linkTrials(set.dataset.set, warm);
      sortable(warm);
    }
  }
  board.querySelectorAll(".board-group").forEach(choosable);
  findMethods(board);
  showAnswers(board);
  // What was folded has a width only now.
  board.addEventListener("toggle", () => showAnswers(board), true);
}

startBoard();
