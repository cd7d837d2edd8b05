// Plotly figures: drawn when they come near the view, in the colours of the page, and again in those of another theme.
"use strict";
(() => {
  const areas = [...document.querySelectorAll("[data-plotly-figure]")];
  const drawn = new Map(); // of each area, when it is drawn
  const own = new WeakMap(); // of each area, the layout of its template as it came

  const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
  function merged(a, b) {
    const result = { ...a };
    for (const [name, value] of Object.entries(b)) result[name] = isObject(value) && isObject(result[name]) ? merged(result[name], value) : value;
    return result;
  }

  const held = [...document.querySelectorAll("script[data-name]")].find((e) => e.dataset.name === "plotly-templates");
  const templates = JSON.parse(held.textContent);

  function themed(given) {
    const template = given === "mlplat" ? templates[window.mlplat.theme()] : given;
    const { colour } = window.mlplat;
    const [text, muted, line, surface] = ["--text", "--muted", "--line", "--surface"].map(colour);
    const axis = { gridcolor: line, linecolor: line, zerolinecolor: line, tickfont: { color: muted }, title: { font: { color: text } }, automargin: true };
    const layout = {
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: text, family: getComputedStyle(document.body).fontFamily, size: 13 },
      title: { font: { color: text } },
      xaxis: axis,
      yaxis: axis,
      coloraxis: { colorbar: { tickfont: { color: muted }, outlinewidth: 0 } },
      hoverlabel: { bgcolor: surface, bordercolor: line, font: { color: text } },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: muted, activecolor: text },
      legend: { bgcolor: "rgba(0,0,0,0)" },
      annotationdefaults: { font: { color: text } },
      shapedefaults: { line: { color: muted } },
    };
    return { ...template, layout: merged(template?.layout ?? {}, layout) };
  }

  // Plotly takes seconds to load: it waits until a figure is drawn, and until the page has what it is ready with.
  let loading = null;
  async function load() {
    if (document.readyState === "loading") await new Promise((go) => document.addEventListener("DOMContentLoaded", go, { once: true }));
    await window.mlplat.ready;
    await new Promise((go) => setTimeout(go)); // what is ready is shown first
    const script = document.createElement("script");
    script.textContent = document.getElementById("plotly").textContent;
    document.head.append(script);
  }

  function draw(area) {
    if (drawn.has(area)) return drawn.get(area);
    loading ??= load();
    const { data, layout = {}, config = {}, frames } = JSON.parse(area.parentElement.querySelector("script").textContent);
    own.set(area, layout.template ?? {});
    const margin = layout.template === "mlplat" ? {} : { margin: { t: 30, r: 20, b: 50, l: 60 } };
    const full = { ...margin, autosize: true, ...layout, template: themed(layout.template) };
    full.height ??= parseFloat(area.style.minHeight);
    const options = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["select2d", "lasso2d"], ...config };
    const done = loading
      .then(() => Plotly.newPlot(area, { data, layout: full, config: options, frames }))
      .then(() => area.dispatchEvent(new CustomEvent("mlplat:drawn", { bubbles: true })));
    drawn.set(area, done);
    return done;
  }

  const watch = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        watch.unobserve(entry.target);
        draw(entry.target);
      }
    },
    { rootMargin: "500px" },
  );
  areas.forEach((area) => watch.observe(area));

  document.addEventListener("mlplat:theme", () => {
    for (const area of drawn.keys()) drawn.get(area).then(() => Plotly.relayout(area, { template: themed(own.get(area)) }));
  });
  addEventListener("beforeprint", () => areas.forEach(draw));
  // All figures, drawn at once: before the page is printed or looked at as a whole.
  window.mlplat.drawAll = () => Promise.all(areas.map(draw));
})();
