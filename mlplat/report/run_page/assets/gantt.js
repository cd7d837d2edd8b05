// The chart of jobs over time. Bars are written into pixels directly, so that a frame costs as much as it shows, not as there are jobs:
// rows thinner than a quarter of a pixel are left out evenly, and within a row only the bars of the visible time are looked at.
"use strict";
(() => {
  const canvas = document.getElementById("gantt"), pen = canvas.getContext("2d");
  const [choice, told, frames, legend] = ["gantt-rows", "gantt-at", "gantt-frames", "gantt-legend"].map((id) => document.getElementById(id));
  const HEIGHT = 420, AXIS = 22, LETTERS = 11, MOST_TEXTS = 400, KEPT = 240;
  let run, model, view, colours, image, pixels, asked = 0, chosen = -1, instant = NaN;
  const models = {}, costs = [];

  const gutter = () => (canvas.clientWidth < 520 ? 0 : 96);
  const plot = () => ({ left: gutter(), width: Math.max(1, canvas.clientWidth - gutter()), height: HEIGHT - AXIS });

  function pickColours() {
    const packed = (name) => {
      const [r, g, b] = mlplat.colour(name).match(/[\d.]+/g).map(Number);
      return (255 << 24) | (b << 16) | (g << 8) | r;
    };
    colours = { bars: mlplat.bars.KINDS.map(([, , name]) => packed(name)), ground: packed("--surface"), chosen: packed("--text") };
    legend.replaceChildren(
      ...mlplat.bars.KINDS.flatMap(([, title, name]) => {
        const box = document.createElement("span");
        box.className = "swatch";
        box.style.background = `var(${name})`;
        return [box, ` ${title}  `];
      }),
    );
  }

  function showAll() {
    view = { from: run.first, to: run.end > run.first ? run.end : run.first + 1, top: 0, bottom: model.rows };
    ask();
  }

  // The first bar of a row that ends after an instant. Bars of a row begin and end in the same order.
  function firstAfter(row, time) {
    let low = model.first[row], high = model.first[row + 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (model.end[middle] > time || model.start[middle] >= time) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  function drawBars(width, height, ratio) {
    if (image?.width !== width || image?.height !== height) {
      image = new ImageData(width, height);
      pixels = new Uint32Array(image.data.buffer);
    }
    pixels.fill(colours.ground);
    const scale = width / (view.to - view.from), tall = height / (view.bottom - view.top), texts = [];
    const stride = Math.max(1, Math.floor(1 / (tall * 4))), last = Math.min(model.rows, Math.ceil(view.bottom));
    for (let row = Math.max(0, Math.floor(view.top / stride) * stride); row < last; row += stride) {
      const top = Math.max(0, Math.floor((row - view.top) * tall));
      const bottom = Math.min(height, Math.max(top + 1, Math.floor((row + 1 - view.top) * tall) - (tall >= 4 ? 1 : 0)));
      const end = model.first[row + 1];
      for (let b = firstAfter(row, view.from); b < end && model.start[b] < view.to; b += 1) {
        const left = Math.max(0, Math.floor((model.start[b] - view.from) * scale));
        const right = Math.min(width, Math.max(left + 1, Math.floor((model.end[b] - view.from) * scale) - 1));
        const colour = model.job[b] === chosen ? colours.chosen : colours.bars[model.kind[b]];
        for (let y = top; y < bottom; y += 1) pixels.fill(colour, y * width + left, y * width + right);
        if (tall >= LETTERS * ratio && right - left > 40 * ratio && model.kind[b] < 4 && texts.length < MOST_TEXTS) texts.push([b, left, right, top, bottom]);
      }
    }
    return texts;
  }

  function drawTexts(texts, ratio, left) {
    pen.font = "11px system-ui, sans-serif";
    pen.textBaseline = "middle";
    for (const [b, from, to, top, bottom] of texts) {
      const room = (to - from) / ratio - 6;
      const name = run.name(model.job[b]), letters = Math.floor(room / 6.5);
      pen.fillStyle = model.job[b] === chosen ? mlplat.colour("--surface") : mlplat.colour("--on-bar");
      pen.fillText(name.length > letters ? `${name.slice(0, letters - 1)}…` : name, left + from / ratio + 3, AXIS + (top + bottom) / 2 / ratio);
    }
  }

  function drawAxes({ left, width, height }) {
    const span = view.to - view.from, tall = height / (view.bottom - view.top);
    const sizes = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800];
    const rough = span / Math.max(2, Math.floor(width / 110));
    const step = sizes.find((size) => size >= rough) ?? (rough < 1 ? 10 ** Math.ceil(Math.log10(rough)) : Math.ceil(rough / 604800) * 604800);
    const exact = rough < 1 ? 10 ** Math.ceil(Math.log10(rough)) : step;
    pen.fillStyle = mlplat.colour("--muted");
    pen.font = "11px system-ui, sans-serif";
    pen.textBaseline = "middle";
    for (let at = Math.ceil(view.from / exact) * exact; at <= view.to; at += exact) {
      const x = left + ((at - view.from) / span) * width;
      pen.fillRect(x, AXIS - 5, 1, 5);
      if (x + 60 < left + width) pen.fillText(mlplat.span(at), x + 3, AXIS / 2);
    }
    if (!Number.isNaN(instant) && instant >= view.from && instant <= view.to) {
      pen.fillStyle = mlplat.colour("--accent");
      pen.fillRect(left + ((instant - view.from) / span) * width, AXIS, 1, height);
    }
    if (!left) return;
    pen.fillStyle = mlplat.colour("--muted");
    for (let row = Math.max(0, Math.floor(view.top)), free = -Infinity; row < Math.min(model.rows, view.bottom); ) {
      const [from, to] = model.group(row);
      const middle = AXIS + ((Math.max(from, view.top) + Math.min(to, view.bottom)) / 2 - view.top) * tall;
      if (middle - free >= LETTERS + 1) {
        const name = model.title(row);
        pen.fillText(name.length > 15 ? `${name.slice(0, 14)}…` : name, 0, middle);
        free = middle;
      }
      row = Math.max(to, row + Math.max(1, Math.floor(2 / tall)));
    }
  }

  function draw() {
    asked = 0;
    if (!model) return;
    const began = performance.now();
    mlplat.fit(canvas, pen, HEIGHT);
    const area = plot(), ratio = canvas.width / Math.max(1, canvas.clientWidth);
    pen.clearRect(0, 0, canvas.clientWidth, HEIGHT);
    const texts = drawBars(Math.max(1, Math.floor(area.width * ratio)), Math.floor(area.height * ratio), ratio);
    pen.putImageData(image, Math.round(area.left * ratio), Math.round(AXIS * ratio));
    drawTexts(texts, ratio, area.left);
    drawAxes(area);
    costs.push(performance.now() - began);
    if (costs.length > KEPT) costs.shift();
    tell();
  }
  const ask = () => (asked ||= requestAnimationFrame(draw));

  let telling = 0;
  function tell() {
    telling ||= setTimeout(() => {
      telling = 0;
      const sorted = [...costs].sort((a, b) => a - b), part = (q) => sorted[Math.floor(q * (sorted.length - 1))].toFixed(1);
      frames.textContent = `${model.job.length.toLocaleString("en")} bars in ${model.rows.toLocaleString("en")} rows; the last ${sorted.length} frames took ${part(0.5)} ms in the median, ${part(0.95)} ms at the 95th percentile.`;
    }, 300);
  }

  function zoom(factor, share = 0.5) {
    const at = view.from + share * (view.to - view.from), span = Math.min(2 * (run.end - run.first || 1), Math.max(1e-3, (view.to - view.from) * factor));
    view.from = at - share * span;
    view.to = view.from + span;
    ask();
  }
  function zoomRows(factor, share = 0.5) {
    const at = view.top + share * (view.bottom - view.top), span = Math.min(model.rows, Math.max(3, (view.bottom - view.top) * factor));
    view.top = Math.min(Math.max(0, at - share * span), Math.max(0, model.rows - span));
    view.bottom = view.top + span;
    ask();
  }
  function pan(times, rows) {
    const span = view.to - view.from, shift = Math.min(run.end - view.from - 0.1 * span, Math.max(run.first - view.to + 0.1 * span, times * span));
    view.from += shift;
    view.to += shift;
    const tall = view.bottom - view.top, down = Math.min(Math.max(0, model.rows - view.bottom), Math.max(-view.top, rows * tall));
    view.top += down;
    view.bottom += down;
    ask();
  }

  function barAt(x, y) {
    const { left, width, height } = plot();
    const row = Math.floor(view.top + ((y - AXIS) / height) * (view.bottom - view.top)), slack = (2 * (view.to - view.from)) / width;
    const time = view.from + ((x - left) / width) * (view.to - view.from);
    if (row < 0 || row >= model.rows || y < AXIS || x < left) return -1;
    const within = (b, room) => b < model.first[row + 1] && model.start[b] <= time + room;
    const exact = firstAfter(row, time), near = firstAfter(row, time - slack);
    return within(exact, 0) ? exact : within(near, slack) ? near : -1;
  }
  function describe(b) {
    if (b < 0) return "";
    const what = mlplat.bars.KINDS[model.kind[b]][1];
    return `Job ${run.name(model.job[b])}, ${mlplat.span(model.start[b])} to ${mlplat.span(model.end[b])} (${mlplat.span(model.end[b] - model.start[b])}), ${what}; ${run.jobs.asks[model.job[b]]}`;
  }

  let drag = null;
  canvas.addEventListener("pointerdown", (event) => {
    if (!model || event.button) return;
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    drag = { x: event.offsetX, y: event.offsetY, moved: 0 };
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!model) return;
    if (!drag) return void (told.textContent = describe(barAt(event.offsetX, event.offsetY)));
    const { width, height } = plot(), dx = event.offsetX - drag.x, dy = event.offsetY - drag.y;
    drag = { x: event.offsetX, y: event.offsetY, moved: drag.moved + Math.abs(dx) + Math.abs(dy) };
    pan(-dx / width, -dy / height);
  });
  canvas.addEventListener("pointerup", (event) => {
    if (drag && drag.moved < 4) {
      const b = barAt(event.offsetX, event.offsetY);
      if (b >= 0) mlplat.explain(model.job[b]);
    }
    drag = null;
  });
  canvas.addEventListener("pointercancel", () => (drag = null));
  canvas.addEventListener(
    "wheel",
    (event) => {
      if (!model || !(event.ctrlKey || document.activeElement === canvas)) return;
      event.preventDefault();
      const { left, width, height } = plot(), factor = Math.exp(0.0015 * (event.deltaY || event.deltaX));
      if (event.shiftKey) zoomRows(factor, (event.offsetY - AXIS) / height);
      else zoom(factor, (event.offsetX - left) / width);
    },
    { passive: false },
  );
  canvas.addEventListener("keydown", (event) => {
    if (!model || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = {
      ArrowLeft: () => pan(-0.1, 0),
      ArrowRight: () => pan(0.1, 0),
      ArrowUp: () => (event.shiftKey ? zoomRows(0.8) : pan(0, -0.1)),
      ArrowDown: () => (event.shiftKey ? zoomRows(1.25) : pan(0, 0.1)),
      "+": () => zoom(0.8),
      "=": () => zoom(0.8),
      "-": () => zoom(1.25),
      Home: showAll,
      Enter: () => {
        const { left, width, height } = plot(), b = barAt(left + width / 2, AXIS + height / 2);
        if (b >= 0) mlplat.explain(model.job[b]);
      },
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  document.getElementById("gantt-in").addEventListener("click", () => model && (zoom(0.5), zoomRows(0.7)));
  document.getElementById("gantt-out").addEventListener("click", () => model && (zoom(2), zoomRows(1.5)));
  document.getElementById("gantt-all").addEventListener("click", () => model && showAll());
  choice.addEventListener("change", () => run && setRows(choice.value));

  function setRows(kind) {
    model = models[kind] ??= mlplat.bars[kind === "jobs" ? "byJob" : "byNode"](run);
    costs.length = 0;
    showAll();
  }

  document.addEventListener("mlplat:job", ({ detail }) => {
    chosen = detail;
    if (!model) return;
    const row = model.rowOf(chosen), tall = view.bottom - view.top;
    if (row >= 0 && (row < view.top || row >= view.bottom)) [view.top, view.bottom] = [row - tall / 2, row + tall / 2];
    ask();
  });
  document.addEventListener("mlplat:instant", ({ detail }) => ((instant = detail.time), ask()));
  document.addEventListener("mlplat:theme", () => colours && (pickColours(), ask()));
  new ResizeObserver(ask).observe(canvas);
  mlplat.gantt = {
    costs,
    barAt,
    view: () => view,
    set: (next) => (Object.assign(view, next), draw()),
    // The middle of the bar of a job, where it is in view.
    position: (k) => {
      const { left, width, height } = plot(), row = model.rowOf(k), b = [...model.job.subarray(model.first[row], model.first[row + 1])].indexOf(k) + model.first[row];
      const middle = (model.start[b] + model.end[b]) / 2;
      return [left + ((middle - view.from) / (view.to - view.from)) * width, AXIS + ((row + 0.5 - view.top) / (view.bottom - view.top)) * height];
    },
  };
  mlplat.ready = mlplat.run.then((loaded) => {
    run = loaded;
    pickColours();
    setRows("nodes");
    draw();
    return mlplat.mapReady;
  });
  mlplat.ready.then(() => performance.mark("mlplat:ready"));
})();
