// What of the cluster is held at an instant, worked out from the records of attempts: a record holds from its start until before its end.
"use strict";
mlplat.cluster = mlplat.run.then((run) => {
  const { nodes, attempts, jobs, until } = run, { above } = mlplat;
  const MOST_DEVICES = 32;
  const count = nodes.name.length;
  const byDevice = Uint8Array.from(nodes.gpus, (gpus) => Number(run.exact && gpus > 0 && gpus <= MOST_DEVICES));
  const firstCell = new Int32Array(count + 1);
  for (let n = 0; n < count; n += 1) firstCell[n + 1] = firstCell[n] + (byDevice[n] ? nodes.gpus[n] : 1);
  const total = nodes.gpus.reduce((sum, gpus) => sum + gpus, 0);

  const isArrived = (k) => !["pending", "rejected", "lost"].includes(jobs.state[k]);
  const arrivals = jobs.submit_s.filter((_, k) => isArrived(k)).sort();
  const departures = jobs.gone_s.filter((gone, k) => isArrived(k) && !Number.isNaN(gone)).sort();
  const isFirst = Uint8Array.from(attempts.job, (job, i) => Number(i === 0 || job !== attempts.job[i - 1] || attempts.attempt[i] !== attempts.attempt[i - 1]));

  const bits = (mask) => {
    let found = 0;
    for (let rest = mask; rest; rest &= rest - 1) found += 1;
    return found;
  };

  // The held part of every cell (NaN where a node has no limit), and how many jobs run and wait.
  function at(time) {
    if (!run.exact) return sampled(time);
    const parts = new Float32Array(firstCell[count]);
    let running = 0, held = 0;
    const seen = above(attempts.start_s, time);
    for (let i = 0; i < seen; i += 1) {
      if (until[i] <= time) continue;
      running += isFirst[i];
      const node = attempts.node[i], cell = firstCell[node], milli = attempts.gpu_milli[i];
      held += milli;
      if (!byDevice[node]) {
        parts[cell] += nodes.gpus[node] ? milli / (1000 * nodes.gpus[node]) : nodes.cores[node] ? attempts.cpu_milli[i] / (1000 * nodes.cores[node]) : 0;
        continue;
      }
      const mask = attempts.devices[i], part = milli / (1000 * (bits(mask) || 1));
      for (let device = 0; device < nodes.gpus[node]; device += 1) if ((mask >>> device) & 1) parts[cell + device] += part;
    }
    const waiting = above(arrivals, time) - above(departures, time) - running;
    return { time, parts, running, waiting, devices: held / 1000, total };
  }

  function sampled(time) {
    const { time_s: times, waiting, running, gpu_milli, parts } = run.grid;
    const k = Math.max(0, above(times, time) - 1);
    const here = Float32Array.from(parts.subarray(k * count, (k + 1) * count), (percent) => (percent === 255 ? NaN : percent / 100));
    return { time: times[k], parts: here, running: running[k], waiting: waiting[k], devices: gpu_milli[k] / 1000, total };
  }

  // The records that hold something of a cell at an instant.
  function holders(cell, time) {
    const node = above(firstCell, cell) - 1, device = cell - firstCell[node], found = [];
    const seen = above(attempts.start_s, time);
    for (let i = 0; i < seen; i += 1) {
      if (attempts.node[i] !== node || until[i] <= time) continue;
      if (!byDevice[node] || (attempts.devices[i] >>> device) & 1) found.push(i);
    }
    return found;
  }

  // The next instant, or the one before, at which a record begins or ends.
  let changes = null;
  function change(time, step) {
    changes ??= run.exact ? Float64Array.from(new Set([...attempts.start_s, ...attempts.end_s.filter((end) => !Number.isNaN(end))])).sort() : run.grid.time_s;
    const next = above(changes, time);
    if (step > 0) return changes[Math.min(next, changes.length - 1)] ?? time;
    const same = next > 0 && changes[next - 1] === time;
    return changes[Math.max(0, next - (same ? 2 : 1))] ?? time;
  }

  const nodeOf = (cell) => above(firstCell, cell) - 1;
  return { at, holders, change, nodeOf, firstCell, byDevice, cells: firstCell[count] };
});
