"use strict";
// Polls the state and shows it. What users have named is put in as text, never as markup.
(() => {
  const PERIOD = 250;
  const MOST_JOBS = 15;
  const MOST_EVENTS = 20;
  const byId = (id) => document.getElementById(id);
  const put = (id, text) => { const place = byId(id); if (place.textContent !== text) place.textContent = text; };
  let playing = true;
  let over = false;
  let cells = [];
  let health = [];

  const made = (tag, ...texts) => {
    const element = document.createElement(tag);
    for (const text of texts) {
      const part = document.createElement(tag === "tr" ? "td" : "span");
      part.textContent = text;
      part.title = text;
      element.append(part);
    }
    return element;
  };
  const duration = (seconds) => {
    const s = Math.max(0, Math.round(seconds));
    if (s < 60) return `${s} s`;
    if (s < 3600) return `${Math.floor(s / 60)} min`;
    if (s < 172800) return `${(s / 3600).toFixed(1)} h`;
    return `${(s / 86400).toFixed(1)} d`;
  };

  async function act(what) {
    try {
      await fetch("act", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ do: what }) });
    } catch {
      ended("The simulation was stopped; this page is no longer served.");
    }
  }
  function ended(text) {
    over = true;
    put("said", text);
    for (const button of document.querySelectorAll("button")) button.disabled = true;
  }

  function showCounts(state) {
    const rows = Object.entries(state.counts).filter(([name, count]) => count || ["waiting", "running", "completed"].includes(name));
    const lines = rows.map(([name, count]) => [name, count.toLocaleString("en")]);
    for (const [pool, part] of Object.entries(state.used)) lines.push([`${pool === "gpu" ? "devices" : pool} held`, `${(part * 100).toFixed(0)} %`]);
    if (state.failures) lines.push(["failures", state.failures.toLocaleString("en")]);
    byId("counts").replaceChildren(...lines.flatMap(([name, value]) => {
      const term = document.createElement("dt");
      const told = document.createElement("dd");
      term.textContent = name;
      told.textContent = value;
      return [term, told];
    }));
  }
  function showCells(state) {
    cells.forEach((cell, place) => {
      const state_ = health[state.health[place]];
      cell.dataset.level = String(Math.round(state.part[place] / 10));
      cell.dataset.health = state_;
      cell.title = `${cell.dataset.name}: ${state.part[place]} % held${state_ === "ready" ? "" : `, ${state_}`}`;
    });
  }
  function show(state) {
    put("clock", state.clock);
    put("horizon", state.horizon === null ? "" : `of ${duration(state.horizon)}`);
    byId("progress").hidden = state.horizon === null;
    if (state.horizon) byId("progress").value = Math.min(1, state.time / state.horizon);
    playing = state.playing;
    put("play", playing ? "Pause" : "Play");
    put("speed", state.speed === null ? "as fast as it goes" : `${state.speed.toLocaleString("en")} s a second`);
    showCounts(state);
    showCells(state);
    for (const id of ["running", "waiting"]) {
      const jobs = state[id].slice(0, MOST_JOBS);
      byId(id).replaceChildren(...jobs.map((job) => made("tr", job.name, duration(job.since), ...(job.where ? [job.where] : []))));
      const count = (state.counts[id] ?? 0) + (id === "waiting" ? state.counts.held ?? 0 : 0);
      put(`n-${id}`, count > jobs.length ? `(${jobs.length} of ${count.toLocaleString("en")})` : "");
    }
    byId("events").replaceChildren(...state.events.slice(-MOST_EVENTS).reverse().map((event) => {
      const line = made("li", event.clock, event.text);
      if (event.failure) line.className = "failure";
      return line;
    }));
    if (state.ended) put("said", "The simulation is over. Stop closes this page's server.");
  }

  async function poll() {
    if (over) return;
    try {
      const answer = await fetch("state");
      const state = answer.ok ? await answer.json() : null;
      if (state) show(state);
    } catch {
      ended("The simulation has ended; this page is no longer served.");
      return;
    }
    setTimeout(poll, PERIOD);
  }
  async function begin() {
    const about = await (await fetch("about")).json();
    document.title = `${about.title} – mlplat watch`;
    put("title", about.title);
    health = about.health;
    cells = about.cells.map((each) => {
      const cell = document.createElement("li");
      cell.className = "cell";
      cell.dataset.name = each.rack ? `${each.rack} / ${each.name}` : each.name;
      cell.addEventListener("pointerenter", () => put("cell", cell.title));
      return cell;
    });
    byId("cells").classList.toggle("many", cells.length > 400);
    byId("cells").replaceChildren(...cells);
    byId("play").addEventListener("click", () => act(playing ? "pause" : "play"));
    for (const button of document.querySelectorAll("[data-do]")) button.addEventListener("click", () => act(button.dataset.do));
    poll();
  }
  begin();
})();
