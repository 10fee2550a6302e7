"use strict";
// A figure as a file: SVG, or PNG of the same, with its title and on white, whatever the theme.
const SVG = "http://www.w3.org/2000/svg";
const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';
const SIZES = [[16, 600], [13, 400]];

// A text in lines that fit; a word longer than a line is cut.
function linesOf(text, most) {
  const lines = [""];
  for (const word of text.split(/\s+/)) {
    const last = lines.length - 1;
    if (!lines[last]) lines[last] = word;
    else if (lines[last].length + word.length < most) lines[last] += " " + word;
    else lines.push(word);
  }
  return lines.map((line) => (line.length > most ? line.slice(0, most - 1) + "…" : line));
}

function part(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

async function pictureOf(title, picked) {
  const { data, layout } = structuredClone(picked.figure);
  const width = layout.meta.maxw, height = Math.round(layout.height);
  layout.paper_bgcolor = layout.plot_bgcolor = "#ffffff";
  Object.assign(layout, { width, height });
  const url = await Plotly.toImage({ data, layout, config: { staticPlot: true, plotlyServerURL: "" } }, { format: "svg", width, height });
  const text = decodeURIComponent(url.slice(url.indexOf(",") + 1));
  const inner = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  const outer = part("svg", { xmlns: SVG, "font-family": FONT, fill: "#14171a" });
  const texts = [title, picked.label];
  outer.append(part("title", {}, texts.join(" · ")));
  if (picked.caption) outer.append(part("desc", {}, picked.caption.trim()));
  const ground = part("rect", { width: "100%", height: "100%", fill: "#ffffff" });
  outer.append(ground);
  let top = 10;
  texts.forEach((one, i) => {
    const [size, weight] = SIZES[i];
    for (const line of linesOf(one, Math.floor((width - 32) / (size * 0.56)))) {
      top += size * 1.3;
      outer.append(part("text", { x: 16, y: Math.round(top), "font-size": size, "font-weight": weight }, line));
    }
  });
  top = Math.round(top + 14);
  inner.setAttribute("y", top);
  outer.append(document.importNode(inner, true));
  for (const [key, value] of [["width", width], ["height", height + top], ["viewBox", `0 0 ${width} ${height + top}`]]) outer.setAttribute(key, value);
  return { text: new XMLSerializer().serializeToString(outer), width, height: height + top };
}

function painted({ text, width, height }) {
  return new Promise((resolve, reject) => {
    const image = new Image(), url = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
    image.onload = () => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 2 * width, height: 2 * height });
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      URL.revokeObjectURL(url);
      canvas.toBlob(resolve, "image/png");
    };
    image.onerror = reject;
    image.src = url;
  });
}

// Run, figure and variant, without what a file's name cannot hold.
const fileName = (...parts) =>
  parts.join("-").replace(/[^\p{L}\p{N}.]+/gu, "-").replace(/^[-.]+|[-.]+$/g, "").slice(0, 120);

async function savePicture(kind, names, title, picked) {
  const drawn = await pictureOf(title, picked);
  const blob = kind === "PNG" ? await painted(drawn) : new Blob([drawn.text], { type: "image/svg+xml" });
  const link = document.createElement("a"), url = URL.createObjectURL(blob);
  link.href = url;
  link.download = `${fileName(...names, picked.key)}.${kind.toLowerCase()}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
