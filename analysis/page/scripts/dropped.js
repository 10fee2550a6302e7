"use strict";
// What was dropped: one list of removed rows at a time, its examples filtered and saved.
const NAMES = ["dataset", "method", "removed", "list"];
const dropped = { view: null, open: null, shown: [] };

// As shared_words.py does it: of a conversation each line end is a word.
function wordsOf(text, lines) {
  const parts = lines ? text.split("\n") : [text];
  return parts.flatMap((part, i) => [
    ...(i ? ["\n"] : []), ...part.split(/[ \t\r\n\f\v\u00a0]+/).filter(Boolean),
  ]);
}

function runsOf(words, shared) {
  const runs = [];
  words.forEach((word, i) => {
    const last = runs.at(-1);
    if (last && last[1] === shared[i]) last[0] += " " + word;
    else runs.push([word, shared[i]]);
  });
  return runs;
}

// As shared_words.py does it: words matched in order, as many as can be.
function sharedWords(mine, theirs) {
  const lengths = Array.from({ length: mine.length + 1 }, () => new Array(theirs.length + 1).fill(0));
  for (let i = mine.length - 1; i >= 0; i -= 1) {
    for (let j = theirs.length - 1; j >= 0; j -= 1) {
      lengths[i][j] = mine[i] === theirs[j]
        ? lengths[i + 1][j + 1] + 1
        : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  const [isMine, isTheirs] = [mine, theirs].map((words) => new Array(words.length).fill(false));
  for (let i = 0, j = 0; i < mine.length && j < theirs.length;) {
    if (mine[i] === theirs[j]) {
      isMine[i] = isTheirs[j] = true;
      i += 1;
      j += 1;
    } else if (lengths[i + 1][j] >= lengths[i][j + 1]) i += 1;
    else j += 1;
  }
  return [runsOf(mine, isMine), runsOf(theirs, isTheirs)];
}

function rowOf([own, other, similarity, percentile, score, reason, copy]) {
  const { samples, reasons } = dropped.view;
  const [gone, stays] = [samples[own], other === null ? null : samples[other]];
  const isOther = dropped.view.classes && stays !== null && stays[2] !== gone[2];
  return { gone, stays, similarity, percentile, score, reason: reasons[reason], copy, isOther };
}

function told([row, id, label]) {
  return `${label && ` · ${dropped.view.classes ? "" : "value "}${label}`} · id ${id} · row ${row}`;
}

function copyText({ gone, stays, copy }) {
  if (!copy) return "no copy stays";
  if (gone[4] === "image") return "a copy stays";
  const isExact = stays !== null && gone[3] && !gone[3].endsWith("…") && gone[3] === stays[3];
  return isExact ? "an exact copy stays" : "a copy or near copy stays";
}

function picture([, id, label, , , uri]) {
  const image = make("img");
  image.src = uri;
  image.alt = `Picture${label && ` of ${label}`}, id ${id}`;
  image.width = 96;
  return image;
}

function box(name, text, sample, runs, more) {
  const node = make("div");
  node.className = name;
  const head = make("p", text);
  head.className = "mut";
  const shown = make("p");
  if (sample[5]) shown.append(picture(sample));
  else {
    shown.className = "words";
    runs.forEach(([part, same]) => shown.append(make(same ? "span" : "mark", part), " "));
  }
  node.append(head, ...more, shown);
  return node;
}

function pairOf(row) {
  const { gone, stays } = row;
  const samples = [gone, stays || ["", "", "", ""]];
  const [mine, theirs] = samples.map((sample) => wordsOf(sample[3], sample[4] === "messages"));
  // Why an image has no picture is no text of its own.
  const alike = theirs.length && !samples.some((sample) => sample[4] === "image");
  const alone = [mine, theirs].map((words) => [[words.join(" "), true]]);
  const [ours, others] = alike ? sharedWords(mine, theirs) : alone;
  const why = make("p", row.reason + " ");
  const copy = make("span", copyText(row));
  copy.className = "pill " + (row.copy ? "in" : "out");
  why.className = "why";
  why.append(copy);
  const pair = make("li");
  pair.className = "pair";
  const lower = ` · ${cellText(row.percentile, "%")} of rows score lower`;
  pair.append(box("gone", "✂ removed" + told(gone) + lower, gone, ours, [why]));
  if (stays) {
    const other = row.isOther ? " · another class" : "";
    const near = row.similarity === null ? "" : ` · similarity ${row.similarity}`;
    pair.append(box("stays", "stays" + told(stays) + other + near, stays, others, []));
  }
  return pair;
}

function isWanted(row) {
  const label = byId("dropped-class");
  if (label && label.value && row.gone[2] !== label.value.slice(1)) return false;
  const other = byId("dropped-other");
  if (other && other.checked && !row.isOther) return false;
  if (byId("dropped-alone").checked && row.copy) return false;
  const words = byId("dropped-search").value.toLowerCase().split(/\s+/).filter(Boolean);
  // Not in the letters that a picture is written with.
  const text = [row.gone, row.stays || []].flatMap((one) => one.slice(0, 4)).join(" ").toLowerCase();
  return words.every((word) => text.includes(word));
}

function options(select, values, wanted) {
  select.replaceChildren(...values.map(([value, text]) => {
    const option = make("option", text);
    option.value = value;
    return option;
  }));
  select.value = values.some(([value]) => value === wanted) ? wanted : values[0][0];
}

// Of each choice what the choices before it leave; what was chosen stays where it is still there.
function narrow(wanted) {
  let left = dropped.view.lists;
  NAMES.forEach((name, i) => {
    const values = [...new Set(left.map((one) => one.names[i]))];
    const select = byId("dropped-" + name);
    options(select, values.map((value) => [value, value]), wanted[i]);
    left = left.filter((one) => one.names[i] === select.value);
  });
  [dropped.open] = left;
  const label = byId("dropped-class");
  if (label) {
    const counts = Object.entries(dropped.open.by_class).sort(([a], [b]) => a.localeCompare(b));
    const every = counts.map(([name, n]) => ["=" + name, `${name}: ${n.toLocaleString("en")} removed`]);
    options(label, [["", "every class"], ...every], label.value);
  }
}

function showDropped() {
  const { open } = dropped;
  const every = open.rows.map(rowOf);
  dropped.shown = every.filter(isWanted);
  byId("dropped-title").textContent = open.title;
  byId("dropped-summary").textContent = open.summary;
  const link = byId("dropped-file");
  link.hidden = !open.file;
  link.textContent = open.file_text;
  if (open.file) link.href = open.file;
  else link.removeAttribute("href");
  const [shown, held, n] = [dropped.shown, every, { length: open.dropped }].map((rows) =>
    rows.length.toLocaleString("en"));
  byId("dropped-count").textContent = `${shown} of ${held} examples shown, of ${n} rows removed`;
  byId("dropped-none").hidden = dropped.shown.length > 0;
  const isPictures = every.length > 0 && every[0].gone[4] === "image";
  byId("dropped-pairs").classList.toggle("pictures", isPictures);
  byId("dropped-pairs").replaceChildren(...dropped.shown.map(pairOf));
  byId("save-dropped").disabled = !dropped.shown.length;
}

// As csv_lines.py: no spreadsheet runs a cell, and what holds a comma, a quote or a line end is quoted.
function csvCell(value) {
  let text = value === null || value === undefined ? "" : String(value);
  if (/^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text))) text = "'" + text;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function droppedCsv() {
  const columns = [
    "dataset", "method", "removed", "list", "row", "id", "class", "text", "score", "percentile",
    "reason", "survivor_row", "survivor_id", "survivor_class", "survivor_text", "similarity",
    "twin_survives",
  ];
  const lines = dropped.shown.map((one) => {
    const [row, id, label, text] = one.gone;
    const [otherRow, otherId, otherLabel, otherText] = one.stays || [];
    return [
      ...dropped.open.names, row, id, label, text, one.score, one.percentile, one.reason, otherRow,
      otherId, otherLabel, otherText, one.similarity, one.copy ? "True" : "False",
    ];
  });
  return [columns, ...lines].map((cells) => cells.map(csvCell).join(","));
}

function startDropped(view) {
  if (!view) return;
  dropped.view = view;
  narrow(view.lists[view.first].names);
  const chosenNames = () => NAMES.map((name) => byId("dropped-" + name).value);
  NAMES.forEach((name) => byId("dropped-" + name).addEventListener("change", () => {
    narrow(chosenNames());
    showDropped();
  }));
  ["class", "other", "alone"].map((name) => byId("dropped-" + name)).filter(Boolean).forEach((control) => {
    control.addEventListener("change", showDropped);
  });
  byId("dropped-search").addEventListener("input", showDropped);
  byId("save-dropped").addEventListener("click", () => save(data.name + "-removed.csv", droppedCsv()));
  ["dropped-filter", "save-dropped"].forEach((id) => { byId(id).hidden = false; });
  showDropped();
}
