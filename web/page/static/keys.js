// Lets people work without a mouse: rows, screens, the search, the help; and copies commands.
const screens = { t: "/", b: "/batches", l: "/lanes", x: "/extracts", a: "/accounts" };
const help = document.getElementById("help");
let after_g = false;

function typing(target) {
  return target.closest("input, select, textarea, [contenteditable]");
}

function move(by) {
  const rows = [...document.querySelectorAll("[data-row]")];
  if (!rows.length) return;
  const now = rows.findIndex((row) => row.getAttribute("aria-selected") === "true");
  const next = rows[Math.max(0, Math.min(rows.length - 1, now < 0 ? 0 : now + by))];
  for (const row of rows) row.removeAttribute("aria-selected");
  next.setAttribute("aria-selected", "true");
  next.querySelector("a")?.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (after_g) {
    after_g = false;
    if (screens[event.key]) location.assign(screens[event.key]);
    return;
  }
  switch (event.key) {
    case "/":
      event.preventDefault();
      document.getElementById("find").focus();
      break;
    case "?":
      help.showModal();
      break;
    case "j":
      move(1);
      break;
    case "k":
      move(-1);
      break;
    case "g":
      after_g = true;
      break;
  }
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "copied";
  } catch {
    button.textContent = "select it by hand";
  }
  setTimeout(() => (button.textContent = "copy"), 1500);
});
