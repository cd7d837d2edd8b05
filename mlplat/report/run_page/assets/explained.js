// What is known of one job: the explanation of the run where the page has it, and in any case what the frames show.
"use strict";
(() => {
  const place = document.getElementById("explanation"), find = document.getElementById("find-job");
  const { span } = mlplat, MOST_ATTEMPTS = 20;
  let run;

  function element(tag, text, className) {
    const made = document.createElement(tag);
    made.textContent = text;
    if (className) made.className = className;
    return made;
  }
  const counted = (count, one, many) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

  // Of the jobs submitted earlier, how many started while this one waited, and which was the last; of those submitted later, how many started before it.
  function order(k) {
    const { submit_s: submit, start_s: start } = run.jobs;
    let ahead = 0, last = -1, passed = 0;
    for (let other = 0; other < run.count; other += 1) {
      if (other < k && start[other] > submit[k] && start[other] <= start[k]) {
        ahead += 1;
        if (last < 0 || start[other] >= start[last]) last = other;
      } else if (other > k && start[other] < start[k]) passed += 1;
    }
    return { ahead, last, passed };
  }

  function waited(k) {
    const { jobs } = run, wait = jobs.wait_s[k], parts = [];
    const found = jobs.ahead[k] ? `when it came, ${counted(jobs.ahead[k], "job", "jobs")} waited already` : "when it came, no other job waited";
    if (Number.isNaN(jobs.start_s[k])) {
      const why = jobs.reason[k] ? ` (${jobs.reason[k]})` : "";
      return `It did not start; at the end of the run it was ${jobs.state[k]}${why}; ${found}.`;
    }
    parts.push(wait > 0 ? `It waited ${span(wait)}` : "It started at once", found);
    if (run.exact && wait > 0) {
      const { ahead, last, passed } = order(k);
      if (ahead) parts.push(`meanwhile ${counted(ahead, "earlier job", "earlier jobs")} started, the last of them ${run.name(last)} at ${span(jobs.start_s[last])}`);
      if (passed) parts.push(`${counted(passed, "later job", "later jobs")} started before it`);
    }
    if (wait > 0 && jobs.room_by[k] >= 0) {
      const by = run.place[jobs.room_by[k]], name = by >= 0 ? run.name(by) : `in row ${jobs.room_by[k]}`, since = jobs.start_s[k] - jobs.room_at_s[k];
      parts.push(`job ${name} left its node ${since > 0 ? `${span(since)} before it started` : "at the instant it started"}`);
    }
    return `${parts.join("; ")}.`;
  }

  function where(k) {
    const { attempts, nodes } = run, items = [], byAttempt = new Map();
    for (const i of run.byJob.subarray(run.firstOfJob[k], run.firstOfJob[k + 1])) {
      if (!byAttempt.has(attempts.attempt[i])) byAttempt.set(attempts.attempt[i], []);
      byAttempt.get(attempts.attempt[i]).push(i);
    }
    for (const [number, records] of byAttempt) {
      if (items.length === MOST_ATTEMPTS) {
        items.push(element("li", `and ${byAttempt.size - MOST_ATTEMPTS} more`));
        break;
      }
      const i = records[0], end = run.until[i];
      const on = records.slice(0, 8).map((r) => nodes.name[attempts.node[r]]).join(", ") + (records.length > 8 ? ` and ${records.length - 8} more` : "");
      const until = end === Infinity ? "still running at the end" : `to ${span(end)} (${span(end - attempts.start_s[i])}), ${attempts.outcome[i]}`;
      const lost = attempts.lost_s[i] > 0 ? `; ${span(attempts.lost_s[i])} of work lost` : "";
      items.push(element("li", `Attempt ${number + 1}: on ${on}, from ${span(attempts.start_s[i])} ${until}${lost}`));
    }
    return items;
  }

  function explain(k) {
    const { jobs } = run, parts = [element("h3", `Job ${run.name(k)}`)];
    const told = run.explained[jobs.job[k]];
    if (told) parts.push(element("p", told, "told"));
    parts.push(element("p", `It asks for ${jobs.asks[k]}; group ${jobs.group[k]}; submitted at ${span(jobs.submit_s[k])}; ${jobs.state[k]}.`));
    parts.push(element("p", waited(k)));
    const list = document.createElement("ul");
    list.append(...where(k));
    if (list.children.length) parts.push(list);
    place.replaceChildren(...parts);
    document.dispatchEvent(new CustomEvent("mlplat:job", { detail: k }));
  }

  function search() {
    const wanted = find.value.trim();
    if (!run || !wanted) return;
    let k = run.jobs.job_id ? run.jobs.job_id.indexOf(wanted) : -1;
    if (k < 0 && /^\d+$/.test(wanted)) k = run.place[Number(wanted)] ?? -1;
    if (k >= 0) explain(k);
    else place.replaceChildren(element("p", `There is no job ${wanted} in this page.`));
  }
  find.addEventListener("change", search);

  mlplat.explain = explain;
  mlplat.run.then((loaded) => (run = loaded));
})();
