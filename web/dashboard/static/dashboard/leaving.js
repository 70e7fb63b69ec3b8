/* Before somebody leaves the room or completes the session: what is missing is said first; nothing, and it is done at once. */
import { settings, words } from "./frame.js";
import { isDirty } from "./note_page.js";
import { save } from "./note_save.js";
import { unsaved } from "./queue.js";

const asked = document.getElementById("ask-first");
const touched = () => [...document.querySelectorAll("form[data-touched]")].map((form) => form.dataset.label);
/** What would be lost, or is not done; each a sentence. */
const missing = (what) => [
  ...unsaved().map((label) => words.leave_unsaved.replace("%s", label)),
  ...touched().map((label) => words.leave_typed.replace("%s", label)),
  ...isDirty() && !unsaved().includes(words.note) ? [words.leave_unsaved.replace("%s", words.note)] : [],
  ...what === "end" || document.querySelector("#alarm .alarm:not([hidden])[data-from]")
    ? [...document.querySelectorAll(what === "end" ? "#gaps li" : "#alarm .alarm[data-from] [data-say]")].map((one) => one.dataset.say || one.textContent.trim()) : [],
];
let go = null;
/** `act` runs when nothing is missing, or when somebody says so all the same. */
export const askFirst = (what, act) => {
  save();
  const found = missing(what);
  if (!found.length) { act(); return; }
  asked.querySelector("ul").replaceChildren(...found.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  asked.querySelector("h3").textContent = what === "end" ? words.end_title : words.leave_title;
  asked.querySelector("[value=go]").textContent = what === "end" ? words.end_go : words.leave_go;
  go = act;
  asked.returnValue = "";
  asked.showModal();
};
asked.addEventListener("close", () => { if (asked.returnValue === "go") go(); });

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || link.target) return;
  const there = new URL(link.href);
  if (there.pathname === location.pathname && there.hash) return;
  event.preventDefault();
  askFirst("leave", () => {
    for (const form of document.querySelectorAll("form[data-touched]")) delete form.dataset.touched;
    location.href = link.href;
  });
});
addEventListener("beforeunload", (event) => { if (settings.record && touched().length) event.preventDefault(); });
