// The map: a row of boxes for each rack, a box a node, a cell a device; its colour is the held part at the instant of the slider.
"use strict";
(() => {
  const canvas = document.getElementById("map"), told = document.getElementById("map-at"), legend = document.getElementById("map-legend");
  const pen = canvas.getContext("2d");
  const SIZES = [28, 22, 16, 13, 10, 8, 6, 5, 4], TALLEST = 760, MOST_ROWS = 8, SHADES = 20;
  let run, cluster, state, layout, palette = [], chosen = -1;

  function racks() {
    const [first, order] = mlplat.grouped(run.nodes.rack, run.racks.length);
    return run.racks.map((name, r) => [name, order.subarray(first[r], first[r + 1])]).filter(([, members]) => members.length);
  }

  // Where every cell stands with cells of a size: x and y of each, the titles of racks, and the height of it all. Racks stand beside each
  // other as far as the width goes; one that is wider than it takes several lines.
  function laid(size, width) {
    const x = new Float32Array(cluster.cells), y = new Float32Array(cluster.cells), titles = [];
    const gap = size > 5 ? 3 : 1, TITLE = 16, letter = 6.5;
    let left = 0, top = 0, lowest = 0;
    for (const [name, members] of racks()) {
      const boxes = Array.from(members, (node) => {
        const cells = cluster.firstCell[node + 1] - cluster.firstCell[node];
        return [cluster.firstCell[node], cells, Math.min(cells, MOST_ROWS), Math.ceil(cells / MOST_ROWS) * size];
      });
      const whole = Math.max(boxes.reduce((sum, [, , , wide]) => sum + wide + gap, 0), Math.min(name.length, 24) * letter);
      if (left > 0 && left + whole > width) [left, top] = [0, lowest];
      titles.push([name.length > 24 ? `${name.slice(0, 23)}…` : name, left, top + 11]);
      let across = left, down = top + TITLE, tallest = 0, widest = left;
      for (const [first, cells, rows, wide] of boxes) {
        if (across > left && across + wide > width) [across, down, tallest] = [left, down + tallest + gap, 0];
        for (let c = 0; c < cells; c += 1) {
          x[first + c] = across + Math.floor(c / rows) * size;
          y[first + c] = down + (c % rows) * size;
        }
        across += wide + gap;
        widest = Math.max(widest, across);
        tallest = Math.max(tallest, rows * size);
      }
      lowest = Math.max(lowest, down + tallest + 8);
      left = Math.max(widest, left + Math.min(name.length, 24) * letter) + 12;
    }
    return { size, width, x, y, titles, height: Math.ceil(lowest) };
  }

  function lay() {
    const width = Math.max(1, canvas.clientWidth);
    if (layout?.width === width) return;
    for (const size of SIZES) {
      layout = laid(size, width);
      if (layout.height <= TALLEST) break;
    }
    canvas.style.height = `${layout.height}px`;
  }

  function shades() {
    const part = (name) => mlplat.colour(name).match(/[\d.]+/g).slice(0, 3).map(Number);
    const free = part("--cell-free"), full = part("--cell-full");
    palette = Array.from({ length: SHADES + 1 }, (_, i) => `rgb(${free.map((low, c) => Math.round(low + ((full[c] - low) * i) / SHADES)).join(",")})`);
    legend.replaceChildren("free ", ...palette.filter((_, i) => i % 4 === 0).map(swatch), " held");
  }
  function swatch(colour) {
    const box = document.createElement("span");
    box.className = "swatch";
    box.style.background = colour;
    return box;
  }

  const shade = (part) => (Number.isNaN(part) ? 0 : Math.min(SHADES, part > 0 ? Math.max(1, Math.round(part * SHADES)) : 0));

  function draw() {
    if (!state) return;
    lay();
    mlplat.fit(canvas, pen, layout.height);
    pen.clearRect(0, 0, layout.width, layout.height);
    pen.font = "11px system-ui, sans-serif";
    pen.fillStyle = mlplat.colour("--muted");
    for (const [name, x, y] of layout.titles) pen.fillText(name, x, y);
    const inner = layout.size - 1, shadeOf = Uint8Array.from(state.parts, shade);
    palette.forEach((colour, s) => {
      pen.fillStyle = colour;
      shadeOf.forEach((own, c) => own === s && pen.fillRect(layout.x[c], layout.y[c], inner, inner));
    });
    if (chosen >= 0) {
      pen.strokeStyle = mlplat.colour("--text");
      pen.lineWidth = 2;
      pen.strokeRect(layout.x[chosen] - 1, layout.y[chosen] - 1, inner + 2, inner + 2);
    }
  }

  function words(cell) {
    const node = cluster.nodeOf(cell), model = run.nodes.model[node];
    const what = cluster.byDevice[node] ? `, ${model} ${cell - cluster.firstCell[node]}` : run.nodes.gpus[node] ? `, ${run.nodes.gpus[node]} × ${model}` : ", cores";
    const held = Number.isNaN(state.parts[cell]) ? "without limit" : `${(100 * state.parts[cell]).toFixed(state.parts[cell] % 1 ? 1 : 0)} % held`;
    const jobs = [...new Set(cluster.holders(cell, state.time).map((i) => run.of[i]))];
    const by = jobs.length ? ` by job ${jobs.slice(0, 3).map(run.name).join(", ")}${jobs.length > 3 ? ` and ${jobs.length - 3} more` : ""}` : "";
    return `${run.nodes.name[node]} (${run.racks[run.nodes.rack[node]]})${what}: ${held}${by}`;
  }

  function cellAt(left, top) {
    for (let c = 0; c < cluster.cells; c += 1) {
      const dx = left - layout.x[c], dy = top - layout.y[c];
      if (dx >= 0 && dy >= 0 && dx < layout.size && dy < layout.size) return c;
    }
    return -1;
  }

  function choose(cell) {
    chosen = cell;
    told.textContent = cell < 0 ? "" : words(cell);
    draw();
  }
  function explain() {
    const records = chosen < 0 ? [] : cluster.holders(chosen, state.time);
    if (records.length) mlplat.explain(run.of[records[0]]);
  }

  canvas.addEventListener("pointermove", (event) => {
    const cell = state ? cellAt(event.offsetX, event.offsetY) : -1;
    if (cell >= 0 && cell !== chosen) choose(cell);
  });
  canvas.addEventListener("click", (event) => {
    if (state && cellAt(event.offsetX, event.offsetY) >= 0) {
      choose(cellAt(event.offsetX, event.offsetY));
      explain();
    }
  });
  canvas.addEventListener("keydown", (event) => {
    if (!state) return;
    const inNode = { ArrowDown: 1, ArrowUp: -1 }[event.key], ofNode = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (inNode) choose(Math.min(cluster.cells - 1, Math.max(0, chosen + inNode)));
    else if (ofNode) {
      const node = Math.min(run.nodes.name.length - 1, Math.max(0, chosen < 0 ? 0 : cluster.nodeOf(chosen) + ofNode));
      choose(cluster.firstCell[node]);
    } else if (event.key === "Enter") explain();
    else return;
    event.preventDefault();
  });

  document.addEventListener("mlplat:instant", ({ detail }) => {
    state = detail;
    if (chosen >= 0) told.textContent = words(chosen);
    draw();
  });
  document.addEventListener("mlplat:theme", () => (shades(), draw()));
  new ResizeObserver(draw).observe(canvas);
  mlplat.map = { position: (cell) => [layout.x[cell] + layout.size / 2, layout.y[cell] + layout.size / 2], shadeOf: (part) => palette[shade(part)] };
  mlplat.mapReady = Promise.all([mlplat.run, mlplat.cluster]).then(([r, c]) => ((run = r), (cluster = c), shades()));
})();
