// The picture of the lineage: a node that is chosen shows its record, and lights up what it was made of and what was made of it.
"use strict";
(async () => {
  const picture = document.querySelector("svg.lineage");
  if (!picture) return;
  const { nodes, links } = await mlplat.data("lineage");
  const shapes = new Map([...picture.querySelectorAll(".node")].map((shape) => [Number(shape.dataset.node), shape]));
  const edges = [...picture.querySelectorAll(".edge")];
  const record = document.getElementById("lineage-record");

  function reached(start, from, to) {
    const found = new Set();
    const waiting = [start];
    while (waiting.length) {
      const at = waiting.pop();
      for (const link of links) {
        if (link[from] === at && !found.has(link[to])) {
          found.add(link[to]);
          waiting.push(link[to]);
        }
      }
    }
    return found;
  }

  function element(tag, text, ...children) {
    const made = document.createElement(tag);
    if (text !== null) made.textContent = text;
    made.append(...children);
    return made;
  }

  function way(title, others) {
    if (!others.length) return [];
    const list = element("ul", null);
    for (const [at, role] of others) {
      const button = element("button", nodes[at].name);
      button.type = "button";
      button.addEventListener("click", () => choose(at, true));
      list.append(element("li", null, `${role}: `, button));
    }
    return [element("h4", title), list];
  }

  async function told(name) {
    const events = await mlplat.data("events");
    const list = element("ul", null);
    for (let i = 0; i < events.subject.length; i++) {
      if (events.subject[i] === name) list.append(element("li", `${events.at[i]}: ${events.predicate[i]}, by ${events.actor[i]}`));
    }
    return list.children.length ? [element("h4", "What happened to it"), list] : [];
  }

  async function choose(at, move) {
    const above = reached(at, 1, 0);
    const below = reached(at, 0, 1);
    picture.classList.add("chosen");
    for (const [number, shape] of shapes) {
      shape.classList.toggle("is-chosen", number === at);
      shape.classList.toggle("is-lit", number === at || above.has(number) || below.has(number));
      shape.setAttribute("aria-pressed", String(number === at));
    }
    for (const edge of edges) {
      const [from, to] = [Number(edge.dataset.from), Number(edge.dataset.to)];
      const up = (above.has(from) && (above.has(to) || to === at));
      const down = (below.has(to) && (below.has(from) || from === at));
      edge.classList.toggle("is-lit", up || down);
    }
    const node = nodes[at];
    const facts = element("dl", null);
    for (const [name, value] of Object.entries({ kind: node.kind, digest: node.digest || "not recorded", origin: node.origin, ...node.record })) {
      facts.append(element("div", null, element("dt", name), element("dd", value)));
    }
    const made = way("Made of", links.filter((l) => l[1] === at).map((l) => [l[0], l[2]]));
    const led = way("Went into", links.filter((l) => l[0] === at).map((l) => [l[1], l[2]]));
    record.replaceChildren(element("h3", node.name), facts, ...made, ...led, ...(await told(node.name)));
    if (move) shapes.get(at).scrollIntoView({ block: "nearest", inline: "center" });
  }

  for (const [number, shape] of shapes) {
    shape.addEventListener("click", () => choose(number, false));
    shape.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      choose(number, false);
    });
  }
})();
