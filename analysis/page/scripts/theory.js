"use strict";
// The page of the theory: its figures alone.
async function start() {
  data = await unpacked("data");
  startFigures();
  follow();
  document.documentElement.dataset.ready = "";
}

start();
