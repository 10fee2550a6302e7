"use strict";
// What changes in a figure where there is less room than it wants: on a telephone, and on a printed sheet.
const axesOf = (layout, letter) =>
  Object.keys(layout).filter((key) => new RegExp(`^${letter}axis\\d*$`).test(key)).map((key) => layout[key]);

// Panels below one another, as many side by side as can be read.
function stack(layout, narrow, room) {
  const [xs, ys] = [axesOf(layout, "x"), axesOf(layout, "y")];
  const inner = room - layout.margin.l - layout.margin.r;
  const columns = Math.max(1, Math.min(3, xs.length, Math.floor(inner / narrow.least)));
  const beside = columns > 1 ? narrow.beside : 0;
  const wide = (1 - beside * (columns - 1)) / columns;
  const rows = Math.ceil(xs.length / columns), before = Math.ceil(xs.length / Math.min(3, xs.length));
  const heightOf = (lines) => narrow.high * lines + narrow.gap * (lines - 1);
  const whole = heightOf(rows), named = ys[0].title.text;
  xs.forEach((axis, i) => {
    const left = (i % columns) * (wide + beside);
    const top = 1 - (Math.floor(i / columns) * (narrow.high + narrow.gap)) / whole;
    axis.domain = [left, Math.min(1, left + wide)];
    ys[i].domain = [Math.max(0, top - narrow.high / whole), top];
    ys[i].showticklabels = i % columns === 0 && !narrow.row;
    ys[i].title.text = i % columns ? "" : named;
  });
  if (layout.legend && layout.legend.y > 1) layout.legend.y = 1 + (layout.legend.y - 1) * heightOf(before) / whole;
  layout.height += whole - heightOf(before);
}

// The name of a row above its mark: the marks get the whole width.
function raise(layout, narrow) {
  const ys = axesOf(layout, "y").filter((axis) => axis.tickvals);
  const grown = ys.length ? narrow.row * ys[0].tickvals.length : 0;
  for (const axis of ys) {
    const suffix = axis.anchor ? axis.anchor.slice(1) : "";
    axis.tickvals.forEach((y, i) => layout.annotations.push({
      text: axis.ticktext[i], font: { size: narrow.size || 12 }, showarrow: false, align: "left",
      xref: `x${suffix} domain`, x: 0, xanchor: "left", yref: `y${suffix}`, y: y - (narrow.over || 0),
      yanchor: narrow.over ? "top" : "bottom", yshift: narrow.over ? 0 : 7,
    }));
    // Plotly leaves out lines of the other axis that cross names inside: these are no names of an axis.
    axis.showticklabels = false;
  }
  if (narrow.high) narrow.high += grown;
  layout.height += grown * (narrow.high ? Math.ceil(ys.length / Math.min(3, ys.length)) : 1);
}

function narrowed({ data, layout }, room) {
  const narrow = { ...layout.meta.narrow };
  if (narrow.left) layout.margin.l = narrow.left;
  layout.annotations = layout.annotations || [];
  if (narrow.row) raise(layout, narrow);
  if (narrow.least) stack(layout, narrow, room);
  (narrow.titles || []).forEach((title, i) => { axesOf(layout, "x")[i].title.text = title; });
  for (const trace of narrow.bare ? data : []) {
    trace.showscale = false;
    trace.text = trace.text.map((line) => line.map((text) => text.replaceAll("font-size:12px", "font-size:10.5px")));
  }
  if (narrow.legend) Object.assign(layout.legend, { orientation: "h", x: 0, y: 1, xanchor: "left", yanchor: "bottom" });
  // Each name of the legend may need a line of its own.
  const names = layout.showlegend === false ? [] : data.filter((trace) => trace.name && trace.showlegend !== false);
  layout.height += Math.max(0, 22 * names.length - layout.margin.t);
}
