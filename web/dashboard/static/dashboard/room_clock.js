/* The clock of the session room: how long since the dose, when vitals are due, and the alarm when nobody took them. */
import { now, say, words } from "./frame.js";

const MINUTE = 60_000;
const write = (node, text) => { if (node.textContent !== text) node.textContent = text; };
const announced = new Set();
const title = document.title;
/** From then on nobody has measured what the protocol wanted: loud, and in the name of the tab. */
const sound = () => {
  const alarm = document.querySelector("#alarm [data-from]");
  const isOn = Boolean(alarm) && now() > new Date(alarm.dataset.from);
  if (alarm && alarm.hidden === isOn) alarm.hidden = !isOn;
  write(document.querySelector("title"), isOn ? `(!) ${words.overdue} · ${title}` : title);
};
/** What the time has made of it, written every second and said once. */
export const tick = () => {
  sound();
  for (const node of document.querySelectorAll("[data-since]")) {
    write(node, words.since.replace("%s", Math.max(0, Math.floor((now() - new Date(node.dataset.since)) / MINUTE))));
  }
  for (const node of document.querySelectorAll("[data-until]")) {
    const left = Math.ceil((new Date(node.dataset.until) - now()) / MINUTE);
    write(node, left > 0 ? words.in.replace("%s", left) : left === 0 ? words.soon : words.late.replace("%s", -left));
    const box = node.closest("[data-due]");
    if (!box) continue;
    box.classList.toggle("is-due", left <= 0);
    box.classList.toggle("is-late", left < 0);
    if (left <= 0 && !announced.has(node.dataset.until)) {
      announced.add(node.dataset.until);
      say(words.due);
    }
  }
};
tick();
setInterval(tick, 1000);
