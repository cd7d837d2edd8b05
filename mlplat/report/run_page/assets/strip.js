// The strip above the slider: held part of the cluster as an area, waiting jobs as a line, and where the slider is.
"use strict";
(() => {
  const canvas = document.getElementById("strip");
  const pen = canvas.getContext("2d");
  let run = null, time = 0;

  // Fits a canvas to its place on the screen; returns its size in CSS pixels.
  function fit(target, context, height) {
    const ratio = window.devicePixelRatio || 1, width = Math.max(1, target.clientWidth);
    if (target.width !== Math.round(width * ratio) || target.height !== Math.round(height * ratio)) {
      target.width = Math.round(width * ratio);
      target.height = Math.round(height * ratio);
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    return [width, height];
  }

  function steps(values, scale, [width, height], x) {
    pen.beginPath();
    let last = height;
    pen.moveTo(0, height);
    values.forEach((value, i) => {
      const left = x(run.series.time_s[i]);
      pen.lineTo(left, last);
      last = height - 2 - scale * value * (height - 6);
      pen.lineTo(left, last);
    });
    pen.lineTo(width, last);
  }

  function draw() {
    if (!run) return;
    const size = fit(canvas, pen, 72), [width, height] = size;
    const x = (at) => ((at - run.first) / (run.end - run.first || 1)) * width;
    pen.clearRect(0, 0, width, height);
    const held = run.series.gpu_part ?? run.series.cpu_part;
    if (held) {
      steps(held, 1, size, x);
      pen.lineTo(width, height);
      pen.fillStyle = mlplat.colour("--held-soft");
      pen.fill();
    }
    const most = run.series.waiting.reduce((a, b) => Math.max(a, b), 1);
    steps(run.series.waiting, 1 / most, size, x);
    pen.strokeStyle = mlplat.colour("--waits");
    pen.lineWidth = 1.5;
    pen.stroke();
    pen.fillStyle = mlplat.colour("--text");
    pen.fillRect(Math.min(width - 2, Math.max(0, x(time) - 1)), 0, 2, height);
  }

  canvas.addEventListener("pointerdown", (event) => {
    const go = (e) => mlplat.setInstant(run.first + (Math.min(1, Math.max(0, e.offsetX / canvas.clientWidth))) * (run.end - run.first));
    canvas.setPointerCapture(event.pointerId);
    go(event);
    canvas.onpointermove = go;
  });
  canvas.addEventListener("pointerup", () => (canvas.onpointermove = null));
  canvas.addEventListener("pointercancel", () => (canvas.onpointermove = null));
  document.addEventListener("mlplat:instant", ({ detail }) => ((time = detail.time), draw()));
  document.addEventListener("mlplat:theme", draw);
  new ResizeObserver(draw).observe(canvas);
  mlplat.fit = fit;
  mlplat.run.then((loaded) => {
    run = loaded;
    time = run.first;
    const what = run.series.gpu_part ? "the held part of the devices" : "the held part of the cores";
    const most = run.series.waiting.reduce((a, b) => Math.max(a, b), 0).toLocaleString("en");
    document.getElementById("strip-legend").textContent = `Area: ${what}. Line: waiting jobs, at most ${most}.`;
    draw();
  });
})();
