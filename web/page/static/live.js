// Keeps this page as it is now: one stream while it is looked at, none in a hidden tab, which would take one of the
// six connections that a browser has to a host. Parts come as HTML and are put in only when they have changed.
const path = document.body.dataset.live;
const pulse = document.getElementById("pulse");
let stream = null;

function put(id, html) {
  const part = document.getElementById(id);
  if (!part) return;
  const focused = document.activeElement;
  const kept = part.contains(focused) ? whereabouts(part, focused) : null;
  const selected = part.querySelector("[aria-selected]");
  const row = selected ? [...part.querySelectorAll("[data-row]")].indexOf(selected) : -1;
  const template = document.createElement("template");
  template.innerHTML = html;
  part.replaceChildren(template.content);
  if (row >= 0) part.querySelectorAll("[data-row]")[row]?.setAttribute("aria-selected", "true");
  if (kept) [...part.querySelectorAll(kept.kind)][kept.at]?.focus({ preventScroll: true });
}

function whereabouts(part, element) {
  const kind = element.localName;
  return { kind, at: [...part.querySelectorAll(kind)].indexOf(element) };
}

function say(words) {
  if (pulse && pulse.textContent !== words) pulse.textContent = words;
}

function open() {
  if (!path || stream || document.hidden) return;
  stream = new EventSource(path);
  // A piece is what has changed of a part that has many: one lane of all.
  for (const kind of ["part", "piece"]) {
    stream.addEventListener(kind, (event) => {
      const { name, html } = JSON.parse(event.data);
      put(`${kind}-${name}`, html);
      say("Live. Times are UTC.");
    });
  }
  stream.addEventListener("begun", () => document.dispatchEvent(new CustomEvent("forebay:begun")));
  stream.addEventListener("cells", (event) => {
    document.dispatchEvent(new CustomEvent("forebay:cells", { detail: JSON.parse(event.data) }));
  });
  stream.addEventListener("trouble", () => say("Not live at the moment: what is shown may be old."));
  stream.addEventListener("error", () => say("Not live at the moment: what is shown may be old."));
}

function close() {
  stream?.close();
  stream = null;
}

document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
window.addEventListener("pagehide", close);
window.addEventListener("pageshow", open);
open();
