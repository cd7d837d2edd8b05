// The theme switch and the contents. What depends on colours listens to the event "mlplat:theme" of the document.
"use strict";
(() => {
  const root = document.documentElement;
  const told = () => document.dispatchEvent(new CustomEvent("mlplat:theme"));
  const choice = document.getElementById("theme");
  choice.value = root.dataset.theme ?? "auto";
  choice.addEventListener("change", () => {
    if (choice.value === "auto") delete root.dataset.theme;
    else root.dataset.theme = choice.value;
    try {
      localStorage.setItem("mlplat-theme", choice.value);
    } catch {
      // not remembered, but changed
    }
    told();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => root.dataset.theme === undefined && told());

  const links = new Map([...document.querySelectorAll(".contents a")].map((a) => [a.getAttribute("href").slice(1), a]));
  const seen = new Set();
  const watch = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) entry.isIntersecting ? seen.add(entry.target.id) : seen.delete(entry.target.id);
      const first = [...links.keys()].find((id) => seen.has(id));
      for (const [id, link] of links) id === first ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current");
    },
    { rootMargin: "-10% 0px -60% 0px" },
  );
  for (const id of links.keys()) watch.observe(document.getElementById(id));

  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);

  // The value of a colour of page.css in the theme that holds now, such as colour("--text").
  function colour(name) {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  }
  // "light" or "dark", whichever holds now.
  function theme() {
    return root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  }
  window.mlplat = { colour, theme };
})();
