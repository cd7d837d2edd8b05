// Before anything is shown: the theme that was chosen last, so that the page does not flash.
"use strict";
try {
  const chosen = localStorage.getItem("mlplat-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // a browser may forbid a page to remember; then the system's theme holds
}
