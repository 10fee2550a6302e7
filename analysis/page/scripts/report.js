"use strict";
// The report's own: what can be saved, what is unfolded for print, and where all parts begin.
function save(filename, lines) {
  const link = make("a");
  const text = ["\ufeff", ...lines.map((line) => line + "\n")];
  link.href = URL.createObjectURL(new Blob(text, { type: "text/csv" }));
  link.download = filename;
  link.click();
  URL.revokeObjectURL(link.href);
}

// All that is folded is printed, but for tables of what a figure shows.
function unfoldForPrint() {
  const unfolded = [];
  addEventListener("beforeprint", () => {
    unfolded.push(...document.querySelectorAll("details:not([open], .table)"));
    unfolded.forEach((one) => { one.open = true; });
  });
  addEventListener("afterprint", () => {
    unfolded.splice(0).forEach((one) => { one.open = false; });
  });
}

async function start() {
  await unpack();
  startFigures();
  startTrials();
  startDropped(data.dropped);
  unfoldForPrint();
  byId("save-envelope").addEventListener("click", () => save(data.name + "-envelope.csv", data.envelope_csv));
  byId("save-trials").addEventListener("click", () => {
    save(data.name + "-trials.csv", [data.trials_csv[0], ...trials.shown.map((r) => trials.lines.get(r))]);
  });
  follow();
  document.documentElement.dataset.ready = "";
}

start();
