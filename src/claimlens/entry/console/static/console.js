// What a script adds to pages that work without one: times in the reader's zone, keys, form tokens for htmx.
"use strict";
(() => {
  const body = document.body;
  body.classList.add("scripted");

  // Every request of htmx carries the token of the page's forms.
  body.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["X-Form-Token"] = body.dataset.formToken;
  });
  // What the server says about a refused request is shown where the answer would have been, except in what repeats itself.
  body.addEventListener("htmx:beforeSwap", (event) => {
    const status = event.detail.xhr.status;
    if (status >= 400 && status < 500 && status !== 429 && event.detail.target.id !== "banner") {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  const shown = new Intl.DateTimeFormat("sv-SE", {
    year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit",
  });
  const local = (root) => {
    for (const time of root.querySelectorAll("time[datetime*=T]:not([data-local])")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      time.title = time.textContent;
      time.textContent = shown.format(at);
      time.dataset.local = "";
    }
  };
  local(document);
  for (const place of document.querySelectorAll("[data-zone]")) place.textContent = zone;
  body.addEventListener("htmx:afterSwap", (event) => local(event.detail.target));

  // On a narrow screen the pages are one row that scrolls: the present one is in sight.
  const present = document.querySelector(".top nav [aria-current]");
  if (present) {
    const row = present.closest("ul");
    row.scrollLeft = present.offsetLeft - row.offsetLeft - (row.clientWidth - present.offsetWidth) / 2;
  }

  // The photo is read for the market that is chosen in the other form.
  const market = document.querySelector("#draft #locale");
  const photo = document.querySelector(".photo");
  if (market && photo) {
    photo.addEventListener("submit", () => { photo.elements.locale.value = market.value; });
  }

  // Boxes: one that ticks them all.
  for (const all of document.querySelectorAll("[data-all]")) {
    const boxes = () => document.querySelectorAll(`input[type=checkbox][name="${all.dataset.all}"]`);
    all.addEventListener("change", () => { for (const box of boxes()) box.checked = all.checked; });
  }

  // Keys of the review queue: j and k go from item to item, the others press the button that carries the letter.
  const queue = document.querySelector("[data-queue]");
  if (queue) {
    const cards = () => [...queue.querySelectorAll("[data-card]")];
    const here = () => cards().find((card) => card.contains(document.activeElement)) || null;
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "Escape" && document.activeElement.matches("input, textarea, select")) {
        const card = here();
        if (card) card.focus();
        return;
      }
      if (document.activeElement.matches("input:not([type=checkbox]), textarea, select")) return;
      const list = cards();
      const at = list.indexOf(here());
      if (event.key === "j" || event.key === "k") {
        const next = list[Math.min(Math.max(at + (event.key === "j" ? 1 : -1), 0), list.length - 1)];
        if (next) { next.focus(); next.scrollIntoView({ block: "nearest" }); }
        event.preventDefault();
        return;
      }
      const pressed = (at >= 0 && list[at].querySelector(`[data-key="${event.key}"]`))
        || document.querySelector(`[data-page-key="${event.key}"]`);
      if (!pressed) return;
      event.preventDefault();
      if (pressed.matches("details")) {
        pressed.open = true;
        const field = pressed.querySelector("input:not([type=hidden]), textarea");
        if (field) field.focus();
      } else {
        pressed.click();
      }
    });
  }
})();
