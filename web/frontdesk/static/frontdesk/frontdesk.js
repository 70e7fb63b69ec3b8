/* Single keys, which can be switched off; the day that keeps itself current; errors that are read out. */
"use strict";
(() => {
  const KEYS_OFF = "quietroom.keys.off";
  const find = (selector) => document.querySelector(selector);
  const go = (selector) => { const link = find(selector); if (link) location.assign(link.href); };
  const dialog = find("#keys");
  const switchedOn = find("#keys-on");
  const show = () => {
    if (!dialog || dialog.open) return;
    switchedOn.checked = localStorage.getItem(KEYS_OFF) === null;
    dialog.showModal();
  };
  if (dialog) {
    find("#keys-open").addEventListener("click", show);
    switchedOn.addEventListener("change", () => {
      if (switchedOn.checked) localStorage.removeItem(KEYS_OFF); else localStorage.setItem(KEYS_OFF, "1");
    });
  }
  const actions = {
    "/": () => { const field = find("#find-again") || find("#find"); if (field) field.focus(); },
    b: () => go("#book"),
    t: () => go("#today"),
    n: () => go("#tomorrow"),
    w: () => go("#to-waitlist"),
    "?": show,
  };
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea, [contenteditable], dialog[open]");
    const asks = event.ctrlKey || event.metaKey || event.altKey;
    const isOff = localStorage.getItem(KEYS_OFF) !== null && event.key !== "?";
    if (typing || asks || isOff || !actions[event.key]) return;
    event.preventDefault();
    actions[event.key]();
  });

  const errors = find("#errors");
  if (errors) errors.focus();
  const other = find("#id_other_local");
  if (other) other.addEventListener("input", () => { find("input[name=start][value=other]").checked = true; });

  // Django's search boxes forget to tell a screen reader what they are for.
  addEventListener("load", () => {
    for (const box of document.querySelectorAll(".select2-container")) {
      const select = box.previousElementSibling;
      const label = select && select.id && find(`label[for="${select.id}"]`);
      if (!label) continue;
      for (const part of box.querySelectorAll("[role=combobox], [role=textbox]")) {
        part.setAttribute("aria-label", label.textContent.trim().replace(/:$/, ""));
      }
    }
  });

  // A menu closes with Escape and when the focus leaves it.
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && event.target.closest("details.more, details.bar-user");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  });
  document.addEventListener("focusout", (event) => {
    const menu = event.target.closest("details.more, details.bar-user");
    if (menu && event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  });

  // The day, and what clients answer: asked for again every minute, left alone while somebody works in it.
  const day = find("#day, #live");
  let shownAt = new Date();
  const stale = () => {
    find("#stale").hidden = false;
    find("#stale-since").textContent = shownAt.toLocaleTimeString([], { timeStyle: "short" });
  };
  const refresh = async () => {
    if (document.hidden || day.contains(document.activeElement) || day.querySelector("details[open]")) return;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (!answer.ok || answer.redirected) return stale();
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector(`#${day.id}`);
      if (!fresh) return stale();
      day.replaceChildren(...fresh.childNodes);
      shownAt = new Date();
    } catch { stale(); }
  };
  if (day) setInterval(refresh, 60_000);
})();
