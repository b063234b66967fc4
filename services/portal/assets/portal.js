// Small conveniences on top of plain links and forms; every page works without this file.

// A form is sent once: its button shows that it works until the next page arrives.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  const button = event.submitter ?? form.querySelector("button[type=submit]");
  button?.classList.add("is-working");
  button?.setAttribute("aria-busy", "true");
});

// Back from the browser's cache: the form may be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
  }
  for (const button of document.querySelectorAll(".is-working")) {
    button.classList.remove("is-working");
    button.removeAttribute("aria-busy");
  }
});

// A number is copied with one click, and the button says so.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  const label = button.querySelector(".copy-label");
  const before = label.textContent;
  label.textContent = button.dataset.copied;
  setTimeout(() => (label.textContent = before), 2000);
});

// A choice that only changes what is shown needs no button when there is a script.
document.addEventListener("change", (event) => {
  if (event.target.closest("[data-submit-on-change]")) {
    event.target.form.requestSubmit();
  }
});

// The page has fetched itself again after an event: say so without taking the focus.
document.addEventListener("htmx:after:swap", () => {
  const live = document.getElementById("live-note");
  if (!live) return;
  live.textContent = live.dataset.text;
  setTimeout(() => (live.textContent = ""), 6000);
});

// Menus made of <details> close on a click elsewhere and on Escape.
const openMenus = () => document.querySelectorAll("details.menu[open]");
document.addEventListener("click", (event) => {
  for (const menu of openMenus()) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of openMenus()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
