// The rows of the chart of jobs and the bars in them: by node, where bars that overlap stand in lanes of their own, or by job.
"use strict";
(() => {
  const KINDS = [
    ["completed", "completed", "--ended-well"],
    ["running", "still running at the end", "--ended-not"],
    ["preempted", "stopped for another job", "--ended-stopped"],
    ["failed", "interrupted or failed", "--ended-badly"],
    ["waits", "waits", "--waits-soft"],
  ];
  const WAITS = 4;
  const kindOf = (outcome) => ({ completed: 0, running: 1, preempted: 2, reclaimed: 2, drained: 2, cancelled: 2 })[outcome] ?? 3;

  // first[row] to first[row + 1] are the bars of a row, by time; `job`, `start`, `end`, `kind` of each. `title(row)`: what stands beside it.
  function byNode(run) {
    const { attempts } = run, count = attempts.job.length;
    const [first, order] = mlplat.grouped(attempts.node, run.nodes.name.length);
    const row = new Int32Array(count), firstRow = new Int32Array(run.nodes.name.length + 1);
    for (let node = 0; node < run.nodes.name.length; node += 1) {
      const free = []; // of each lane, when it is free again
      for (let j = first[node]; j < first[node + 1]; j += 1) {
        const i = order[j];
        let lane = 0;
        while (lane < free.length && free[lane] > attempts.start_s[i]) lane += 1;
        free[lane] = run.until[i];
        row[i] = firstRow[node] + lane;
      }
      firstRow[node + 1] = firstRow[node] + Math.max(1, free.length);
    }
    const rows = firstRow.at(-1), nodeOf = (at) => mlplat.above(firstRow, at) - 1;
    const [firstBar, bars] = mlplat.grouped(row, rows);
    return {
      rows,
      first: firstBar,
      job: Int32Array.from(bars, (i) => run.of[i]),
      start: Float64Array.from(bars, (i) => attempts.start_s[i]),
      end: Float64Array.from(bars, (i) => Math.min(run.until[i], run.end)),
      kind: Uint8Array.from(bars, (i) => kindOf(attempts.outcome[i])),
      title: (at) => run.nodes.name[nodeOf(at)],
      group: (at) => [firstRow[nodeOf(at)], firstRow[nodeOf(at) + 1]],
      rowOf: (k) => (run.firstOfJob[k] < run.firstOfJob[k + 1] ? row[run.byJob[run.firstOfJob[k]]] : -1),
    };
  }

  // A row a job: its wait, then its attempts, of each that begin and end together one.
  function byJob(run) {
    const { attempts, jobs } = run, first = new Int32Array(run.count + 1);
    const job = [], start = [], end = [], kind = [];
    const add = (k, from, to, what) => (job.push(k), start.push(from), end.push(to), kind.push(what));
    for (let k = 0; k < run.count; k += 1) {
      const records = run.byJob.subarray(run.firstOfJob[k], run.firstOfJob[k + 1]);
      let since = jobs.submit_s[k], attempt = -1;
      for (const i of records) {
        if (attempts.attempt[i] === attempt) continue;
        attempt = attempts.attempt[i];
        if (attempts.start_s[i] > since) add(k, since, attempts.start_s[i], WAITS);
        since = Math.min(run.until[i], run.end);
        add(k, attempts.start_s[i], since, kindOf(attempts.outcome[i]));
      }
      if (["waiting", "held"].includes(jobs.state[k]) && run.end > since) add(k, since, run.end, WAITS);
      first[k + 1] = job.length;
    }
    return {
      rows: run.count,
      first,
      job: Int32Array.from(job),
      start: Float64Array.from(start),
      end: Float64Array.from(end),
      kind: Uint8Array.from(kind),
      title: (at) => run.name(at),
      group: (at) => [at, at + 1],
      rowOf: (k) => k,
    };
  }

  mlplat.bars = { KINDS, byNode, byJob };
})();
