// What the page carries: mlplat.data(name) gives it back, and buttons with data-download save it.
"use strict";
(() => {
  const KINDS = {
    float64: Float64Array, float32: Float32Array, int32: Int32Array, uint32: Uint32Array,
    int16: Int16Array, uint16: Uint16Array, int8: Int8Array, uint8: Uint8Array,
  };
  const known = new Map();

  async function unpack({ packed, length, bytes }) {
    const text = atob(bytes), deflated = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i += 1) deflated[i] = text.charCodeAt(i);
    const stream = new Blob([deflated]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new KINDS[packed](await new Response(stream).arrayBuffer(), 0, length);
  }

  async function column(held) {
    if (Array.isArray(held)) return held;
    if (held.packed) return unpack(held);
    const codes = await unpack(held.codes);
    return Array.from(codes, (code) => held.names[code]);
  }

  async function read(name) {
    const element = [...document.querySelectorAll("script[data-name]")].find((e) => e.dataset.name === name);
    if (!element) throw new Error(`the page carries no data named ${name}`);
    const value = JSON.parse(element.textContent);
    if (value?.packed) return unpack(value);
    if (value?.frame) return Object.fromEntries(await Promise.all(value.frame.map(async ([title, held]) => [title, await column(held)])));
    return value;
  }

  function data(name) {
    if (!known.has(name)) known.set(name, read(name));
    return known.get(name);
  }

  function save(filename, type, text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = filename;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  // A cell of a CSV file. A text that a spreadsheet would take for a formula gets an apostrophe before it.
  function cell(value) {
    if (value === null || value === undefined || Number.isNaN(value)) return "";
    const text = String(value);
    const tame = typeof value === "string" && /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
    return /[",\r\n]/.test(tame) ? `"${tame.replaceAll('"', '""')}"` : tame;
  }
  const csv = (rows) => rows.map((row) => row.map(cell).join(",") + "\n").join("");

  async function download(name, filename) {
    const value = await data(name);
    const columns = value === null || typeof value !== "object" ? [] : Object.values(value);
    const isFrame = columns.length > 0 && columns.every((c) => Array.isArray(c) || ArrayBuffer.isView(c));
    if (!isFrame) return save(filename, "application/json", JSON.stringify(ArrayBuffer.isView(value) ? Array.from(value) : value, null, 1) + "\n");
    const rows = Array.from({ length: columns[0].length }, (_, i) => columns.map((c) => c[i]));
    return save(filename, "text/csv", csv([Object.keys(value), ...rows]));
  }

  for (const button of document.querySelectorAll("[data-download]")) {
    button.addEventListener("click", () => download(button.dataset.download, button.dataset.filename));
  }
  Object.assign(window.mlplat, { data, save, csv });
})();
