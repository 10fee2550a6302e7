"use strict";
// The page of the theory: its figures alone.
async function start() {
  await unpack();
  startFigures();
  follow();
  document.documentElement.dataset.ready = "";
}

start();
