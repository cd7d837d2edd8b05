// The slider of the instant that the map shows: moved by hand, by keys, from change to change, or played.
"use strict";
(() => {
  const [slider, play, before, after, clock, told] = ["instant", "play", "before", "after", "clock", "at-instant"].map((id) => document.getElementById(id));
  const PLAYED_MS = 20_000; // a whole run, played
  let run, cluster, time = 0, playing = 0, asked = 0;

  function show() {
    asked = 0;
    const state = cluster.at(time);
    const devices = state.total ? `${+state.devices.toFixed(2)} of ${state.total} devices are held, ` : "";
    const text = mlplat.span(state.time);
    clock.textContent = text;
    slider.setAttribute("aria-valuetext", text);
    told.textContent = `After ${text}: ${devices}${state.running.toLocaleString("en")} jobs run, ${state.waiting.toLocaleString("en")} wait.`;
    document.dispatchEvent(new CustomEvent("mlplat:instant", { detail: state }));
  }
  function setInstant(to, { slide = true } = {}) {
    time = Math.min(run.end, Math.max(run.first, to));
    if (slide) slider.value = Math.round(((time - run.first) / (run.end - run.first || 1)) * slider.max);
    asked ||= requestAnimationFrame(show);
  }

  function stop() {
    cancelAnimationFrame(playing);
    playing = 0;
    play.textContent = "Play";
    play.setAttribute("aria-pressed", "false");
  }
  function start() {
    if (time >= run.end) setInstant(run.first);
    play.textContent = "Pause";
    play.setAttribute("aria-pressed", "true");
    told.removeAttribute("role"); // not to be read out at every frame
    let last = performance.now();
    const step = (now) => {
      setInstant(time + ((now - last) / PLAYED_MS) * (run.end - run.first));
      last = now;
      playing = time < run.end ? requestAnimationFrame(step) : (stop(), 0);
    };
    playing = requestAnimationFrame(step);
  }

  slider.addEventListener("input", () => {
    stop();
    setInstant(run.first + (slider.value / slider.max) * (run.end - run.first), { slide: false });
  });
  play.addEventListener("click", () => {
    if (playing) {
      stop();
      told.setAttribute("role", "status");
    } else start();
  });
  before.addEventListener("click", () => (stop(), setInstant(cluster.change(time, -1))));
  after.addEventListener("click", () => (stop(), setInstant(cluster.change(time, 1))));

  mlplat.setInstant = setInstant;
  Promise.all([mlplat.run, mlplat.cluster, mlplat.mapReady]).then(([r, c]) => {
    [run, cluster] = [r, c];
    slider.max = run.exact ? 1000 : run.grid.time_s.length - 1;
    setInstant(run.first + (run.end - run.first) / 3);
  });
})();
