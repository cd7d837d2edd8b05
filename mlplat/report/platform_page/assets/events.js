// The story: events that can be filtered, each with what led to it and what it led to.
"use strict";
(async () => {
  const PAGE = 100;
  const events = await mlplat.data("events");
  const body = document.querySelector("#event-table tbody");
  const words = document.getElementById("event-words");
  const family = document.getElementById("event-family");
  const outside = document.getElementById("event-outside");
  const count = document.getElementById("event-count");
  const more = document.getElementById("event-more");
  const record = document.getElementById("event-record");
  const rowOf = new Map(Array.from(events.id, (id, i) => [id, i]));
  const effects = new Map();
  events.cause.forEach((cause, i) => {
    if (cause < 0) return;
    if (!effects.has(cause)) effects.set(cause, []);
    effects.get(cause).push(i);
  });
  const texts = Array.from(events.id, (_, i) =>
    [events.at[i], events.predicate[i], events.subject[i], events.source[i], events.actor[i], events.data[i]].join(" ").toLowerCase(),
  );
  let shown = PAGE;
  let found = [];

  function element(tag, text, ...children) {
    const made = document.createElement(tag);
    if (text !== null) made.textContent = text;
    made.append(...children);
    return made;
  }

  function button(i, text) {
    const made = element("button", text);
    made.type = "button";
    made.addEventListener("click", () => choose(i));
    return made;
  }

  const say = (i) => `${events.predicate[i]} ${events.subject[i]}`;
  const line = (i) => element("li", null, `${events.at[i]}: `, button(i, say(i)));

  function choose(i) {
    const chain = [];
    for (let at = rowOf.get(events.cause[i]); at !== undefined; at = rowOf.get(events.cause[at])) chain.push(at);
    const led = effects.get(events.id[i]) ?? [];
    const parts = [element("h3", say(i)), element("p", `${events.at[i]}, told by ${events.source[i]}, done by ${events.actor[i]}`)];
    if (events.data[i]) {
      let data = events.data[i];
      try {
        data = JSON.stringify(JSON.parse(data), null, 2);
      } catch {
        // cut off: shown as it is
      }
      parts.push(element("pre", data));
    }
    parts.push(element("h4", "Because of"));
    parts.push(chain.length ? element("ol", null, ...chain.map(line)) : element("p", "Nothing: it came from outside."));
    if (led.length) parts.push(element("h4", "Led to"), element("ul", null, ...led.slice(0, PAGE).map(line)));
    if (led.length > PAGE) parts.push(element("p", `and ${led.length - PAGE} more`));
    record.replaceChildren(...parts);
    for (const row of body.rows) row.classList.toggle("is-chosen", row.dataset.row === String(i));
    record.scrollIntoView({ block: "nearest" });
  }

  function draw() {
    body.replaceChildren(
      ...found.slice(0, shown).map((i) => {
        const cause = rowOf.get(events.cause[i]);
        const row = element(
          "tr", null,
          element("td", events.at[i]),
          element("td", null, button(i, events.predicate[i])),
          element("td", events.subject[i]),
          element("td", events.source[i]),
          cause === undefined ? element("td", events.cause[i] < 0 ? "–" : "left out") : element("td", null, button(cause, events.predicate[cause])),
        );
        row.dataset.row = i;
        return row;
      }),
    );
    count.textContent = `${found.length} of ${events.id.length} events`;
    more.hidden = found.length <= shown;
  }

  function search() {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    shown = PAGE;
    found = [];
    for (let i = 0; i < texts.length; i++) {
      if (outside.checked && events.cause[i] >= 0) continue;
      if (family.value && events.predicate[i].split(".")[0] !== family.value) continue;
      if (wanted.every((word) => texts[i].includes(word))) found.push(i);
    }
    draw();
  }

  for (const control of [words, family, outside]) control.addEventListener("input", search);
  more.addEventListener("click", () => {
    shown += PAGE;
    draw();
  });
  search();
})();
