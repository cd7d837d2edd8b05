// The run of this page: its frames as columns, and what is asked of them often. `await mlplat.run` gives it.
"use strict";
(() => {
  // The place in a rising array of the first value above `value`.
  function above(values, value, from = 0, to = values.length) {
    while (from < to) {
      const middle = (from + to) >> 1;
      if (values[middle] > value) to = middle;
      else from = middle + 1;
    }
    return from;
  }

  // Seconds as people read them: 1 h 02 min.
  function span(seconds) {
    if (!(seconds >= 60)) return `${+seconds.toPrecision(3)} s`;
    let left = Math.round(seconds);
    const parts = [];
    for (const [unit, size] of [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]]) {
      const count = Math.floor(left / size);
      left -= count * size;
      if (count || parts.length) parts.push(`${parts.length ? String(count).padStart(2, "0") : count} ${unit}`);
    }
    while (parts.at(-1).startsWith("00 ")) parts.pop();
    return parts.slice(0, 3).join(" ");
  }

  // Items by their key, in the order they have: [first, order], those of key k are order[first[k]] to order[first[k + 1] - 1].
  function grouped(keys, count) {
    const first = new Int32Array(count + 1);
    for (const key of keys) first[key + 1] += 1;
    for (let k = 0; k < count; k += 1) first[k + 1] += first[k];
    const next = first.slice(), order = new Int32Array(keys.length);
    keys.forEach((key, i) => (order[next[key]++] = i));
    return [first, order];
  }

  async function load() {
    const names = ["run", "jobs", "attempts", "nodes", "series", "explanations"];
    const [run, jobs, attempts, nodes, series, explained] = await Promise.all(names.map(mlplat.data));
    const grid = run.exact ? null : { parts: await mlplat.data("grid"), ...(await mlplat.data("instants")) };
    const count = jobs.job.length;
    const place = new Int32Array(run.jobs).fill(-1); // row of the trace -> place in `jobs`
    jobs.job.forEach((row, k) => (place[row] = k));
    const of = Int32Array.from(attempts.job, (row) => place[row]);
    const until = Float64Array.from(attempts.end_s, (end) => (Number.isNaN(end) ? Infinity : end));
    const [firstOfJob, byJob] = grouped(of, count);
    const name = (k) => (k < 0 ? "?" : (jobs.job_id?.[k] ?? String(jobs.job[k])));
    return { ...run, jobs, count, attempts, nodes, series, explained, grid, place, of, until, firstOfJob, byJob, name };
  }

  Object.assign(mlplat, { above, span, grouped, run: load() });
})();
