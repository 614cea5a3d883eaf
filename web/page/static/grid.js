// Draws all runs of a batch, a cell each, from half a byte each: a canvas as large as what is seen of it, one element
// over the cell that has the focus, and no node, object or request a cell.
const grid = document.getElementById("grid");
const canvas = document.getElementById("grid-canvas");
const space = document.getElementById("grid-space");
const cell = document.getElementById("grid-cell");
const words = document.getElementById("cell-words");
const brush = canvas.getContext("2d", { alpha: false });

// In the order of the half bytes: waiting, granted, running, ready, landed, failed, canceled.
const TONES = ["waiting", "stripe", "stripe", "landing", "landed", "failed", "canceled"];
const GLYPHS = { waiting: "○", stripe: "▶", landing: "↓", landed: "✓", failed: "✕", canceled: "–" };
const SAID = ["waiting", "starting", "at Stripe", "landing", "landed", "failed", "canceled"];
// Of few runs cells are large enough for a glyph; very many are small, and rows of accounts fill the width.
const [LARGE, SMALL, LEAST, MANY] = [18, 9, 6, 4000];
const LABELS = 100;

let packed = new Uint8Array(0);
let lanes = [];
let total = 0;
let columns = 1;
let rows = 0;
let side = LARGE;
let focused = -1;
let sprites = new Map();
let asked = 0;
const labels = new Map();

function bytes(hex) {
  const read = new Uint8Array(hex.length / 2);
  for (let at = 0; at < read.length; at++) read[at] = parseInt(hex.substr(2 * at, 2), 16);
  return read;
}

// Where a run's half byte is: each lane begins at a whole byte.
function place(position) {
  for (const lane of lanes) {
    if (position < lane.first + lane.runs) return { lane, index: position - lane.first };
  }
  return null;
}

function state(position) {
  const found = place(position);
  if (!found || !found.lane.known) return 0;
  const byte = packed[found.lane.offset + (found.index >> 1)];
  return found.index & 1 ? byte & 15 : byte >> 4;
}

function paint_sprites() {
  const style = getComputedStyle(document.documentElement);
  const probe = document.createElement("span");
  document.body.append(probe);
  const ratio = devicePixelRatio || 1;
  const ground = (name) => {
    probe.className = `mini ${name}`;
    const seen = getComputedStyle(probe);
    return [seen.backgroundColor, seen.color];
  };
  sprites = new Map();
  for (const name of Object.keys(GLYPHS)) {
    const sprite = document.createElement("canvas");
    sprite.width = sprite.height = Math.round(side * ratio);
    const pen = sprite.getContext("2d");
    pen.scale(ratio, ratio);
    const [fill, ink] = ground(name);
    pen.fillStyle = fill;
    pen.fillRect(1, 1, side - 2, side - 2);
    if (side >= 12) {
      pen.fillStyle = ink;
      pen.font = `${side - 6}px ${style.fontFamily}`;
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      pen.fillText(GLYPHS[name], side / 2, side / 2 + 0.5);
    }
    sprites.set(name, sprite);
  }
  probe.className = "";
  probe.remove();
}

function lay_out() {
  const wide = grid.clientWidth;
  side = total > MANY ? SMALL : LARGE;
  if (grid.dataset.columns) side = Math.max(LEAST, Math.min(LARGE, Math.floor(wide / columns)));
  if (!grid.dataset.columns) columns = Math.max(1, Math.floor(wide / side));
  rows = Math.ceil(total / columns);
  space.style.height = `${rows * side}px`;
  space.style.width = `${columns * side}px`;
  grid.classList.toggle("short", rows * side < 200);
  grid.setAttribute("aria-rowcount", rows);
  grid.setAttribute("aria-colcount", columns);
  const ratio = devicePixelRatio || 1;
  const high = Math.min(grid.classList.contains("short") ? rows * side : grid.clientHeight, rows * side);
  canvas.width = Math.round(wide * ratio);
  canvas.height = Math.max(1, Math.round(high * ratio));
  canvas.style.width = `${wide}px`;
  canvas.style.height = `${Math.max(1, high)}px`;
  paint_sprites();
  draw();
}

function draw() {
  asked = 0;
  const ratio = devicePixelRatio || 1;
  const [left, top] = [grid.scrollLeft, grid.scrollTop];
  brush.setTransform(1, 0, 0, 1, 0, 0);
  brush.fillStyle = getComputedStyle(grid).backgroundColor;
  brush.fillRect(0, 0, canvas.width, canvas.height);
  const first_row = Math.floor(top / side);
  const last_row = Math.min(rows, Math.ceil((top + canvas.height / ratio) / side));
  const first_column = Math.floor(left / side);
  const last_column = Math.min(columns, Math.ceil((left + canvas.width / ratio) / side));
  const size = Math.round(side * ratio);
  for (let row = first_row; row < last_row; row++) {
    for (let column = first_column; column < last_column; column++) {
      const position = row * columns + column;
      if (position >= total) break;
      const sprite = sprites.get(TONES[state(position)] ?? "waiting");
      brush.drawImage(sprite, Math.round((column * side - left) * ratio), Math.round((row * side - top) * ratio), size, size);
    }
  }
  if (performance.getEntriesByName("forebay:drawn").length === 0) performance.mark("forebay:drawn");
}

function draw_soon() {
  if (!asked) asked = requestAnimationFrame(draw);
}

async function read() {
  const answer = await fetch(grid.dataset.states);
  if (!answer.ok) {
    words.textContent = "The states of its runs cannot be read at the moment.";
    return;
  }
  const told = await answer.json();
  let [first, offset] = [0, 0];
  lanes = told.lanes.map((lane) => {
    const found = { ...lane, first, offset };
    first += lane.runs;
    offset += lane.known ? (lane.runs + 1) >> 1 : 0;
    return found;
  });
  packed = bytes(told.packed);
  total = first;
  if (told.columns) {
    columns = told.columns;
    grid.dataset.columns = columns;
  }
  if (!lanes.some((lane) => lane.known)) {
    words.textContent = "Redis has no states of its runs any more; the table tells what the ledger has.";
  }
  lay_out();
}

async function label(position) {
  const page = Math.floor(position / LABELS) * LABELS;
  if (!labels.has(page)) {
    const asking = fetch(`${grid.dataset.runs}?start=${page}&limit=${LABELS}`).then((answer) => answer.json());
    labels.set(page, asking.then((told) => new Map(told.runs.map((run) => [run.position, run]))));
  }
  return (await labels.get(page)).get(position);
}

async function focus(position, scroll = true) {
  if (!total) return;
  focused = Math.max(0, Math.min(total - 1, position));
  const [row, column] = [Math.floor(focused / columns), focused % columns];
  cell.parentElement.hidden = false;
  Object.assign(cell.style, {
    left: `${column * side}px`,
    top: `${row * side}px`,
    width: `${side}px`,
    height: `${side}px`,
  });
  cell.setAttribute("aria-rowindex", row + 1);
  cell.setAttribute("aria-colindex", column + 1);
  grid.setAttribute("aria-activedescendant", cell.id);
  if (scroll) {
    const [x, y] = [column * side, row * side];
    if (y < grid.scrollTop) grid.scrollTop = y;
    if (y + side > grid.scrollTop + grid.clientHeight) grid.scrollTop = y + side - grid.clientHeight;
    if (x < grid.scrollLeft) grid.scrollLeft = x;
    if (x + side > grid.scrollLeft + grid.clientWidth) grid.scrollLeft = x + side - grid.clientWidth;
  }
  const here = focused;
  const run = await label(here).catch(() => null);
  if (here !== focused) return;
  const name = run ? [run.account, run.name].filter(Boolean).join(" / ") : `run ${here}`;
  words.textContent = `${name}: ${SAID[state(here)]}`;
  cell.setAttribute("aria-label", words.textContent);
}

function open_cell() {
  const found = focused < 0 ? null : place(focused);
  if (found) location.assign(`${grid.dataset.page}/${encodeURIComponent(found.lane.lane)}/${found.index}`);
}

function at(event) {
  const box = grid.getBoundingClientRect();
  const column = Math.floor((event.clientX - box.left - grid.clientLeft + grid.scrollLeft) / side);
  const row = Math.floor((event.clientY - box.top - grid.clientTop + grid.scrollTop) / side);
  const position = row * columns + column;
  return column < columns && position < total ? position : -1;
}

grid.addEventListener("keydown", (event) => {
  const page = Math.max(1, Math.floor(grid.clientHeight / side)) * columns;
  const by = {
    ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns, PageDown: page, PageUp: -page,
    Home: -total, End: total,
  }[event.key];
  if (event.key === "Enter") open_cell();
  if (by === undefined) return;
  event.preventDefault();
  focus(focused < 0 ? 0 : focused + by);
});
grid.addEventListener("click", (event) => {
  const position = at(event);
  if (position < 0) return;
  if (position === focused) open_cell();
  else focus(position, false);
});
grid.addEventListener("dblclick", open_cell);
grid.addEventListener("scroll", draw_soon, { passive: true });
new ResizeObserver(() => total && lay_out()).observe(grid);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => total && lay_out());
document.addEventListener("forebay:begun", read);
document.addEventListener("forebay:cells", (event) => {
  const { first, hex } = event.detail;
  packed.set(bytes(hex).subarray(0, Math.max(0, packed.length - first)), first);
  draw_soon();
});
read();
