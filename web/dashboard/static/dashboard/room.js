/* The session room: sends what is entered through the queue, and keeps the parts that others change too up to date. */
import { copy, neverReload, now, say, setClock, settings, wall, words } from "./frame.js";
import { SLOW, drop, newUuid, onChange, put, tryNow } from "./queue.js";
import { bodyOf, fillVitals, screen } from "./entry.js";
import { askFirst } from "./leaving.js";
import { drawnNow, reasonsOf, swapAll } from "./live.js";
import { tick } from "./room_clock.js";
import { fresh as freshNote } from "./note.js";

const EVERY = 10_000; // milliseconds between two looks at what others have entered
const at = (id) => document.getElementById(id);
const list = at("queue");
neverReload();

/* What is not saved yet */
const row = (item) => {
  const node = at("t-entry").content.firstElementChild.cloneNode(true);
  const slot = (name) => node.querySelector(`[data-slot=${name}]`);
  const isRefused = item.state === "refused";
  node.className = isRefused ? "note blocked" : "note waiting";
  slot("glyph").textContent = isRefused ? "✕" : "…";
  slot("label").textContent = item.label;
  slot("state").textContent = words[item.state].replace("%s", item.tries);
  slot("reasons").replaceChildren(...(isRefused ? linesOf(item.trouble, "li") : []));
  slot("back").hidden = slot("away").hidden = !isRefused;
  slot("again").hidden = item.state !== "waiting";
  slot("back").addEventListener("click", () => { drop(item); item.putBack(); });
  slot("away").addEventListener("click", () => { drop(item); document.querySelector("#vitals-form input").focus(); });
  slot("again").addEventListener("click", tryNow);
  return node;
};
const linesOf = (trouble, tag) => reasonsOf(trouble).map((one) => Object.assign(document.createElement(tag), { textContent: one.detail }));
let told = "";
onChange((items) => {
  const isStuck = items.some((item) => item.tries || Date.now() - item.put >= SLOW);
  const shown = items.filter((item) => isStuck || item.state === "refused");
  list.dataset.count = items.length;
  list.replaceChildren(...shown.map(row));
  const kind = shown.filter((item) => item.tries || item.state === "refused").map((item) => item.state).join();
  if (kind && kind !== told) say(`${shown[0].label}: ${words[shown[0].state].replace("%s", shown[0].tries)}`);
  told = kind;
});

/* What changes */
let isFresh = Promise.resolve();
const known = {};
const look = async () => {
  const parts = await drawnNow(settings.live, AbortSignal.timeout(EVERY), known);
  if (parts) {
    setClock(parts.getElementById("live-now").dataset.now);
    if (!swapAll(parts)) known.tag = ""; // what somebody works in is looked at again
    freshNote();
    screen(document);
    tick();
  }
  const isHeard = Boolean(parts) || known.isSame;
  if (isHeard) at("stale").querySelector("[data-slot=since]").textContent = wall(now());
  at("stale").hidden = isHeard;
};
/** One look after the other, so that an older answer never replaces a newer one. */
const refresh = () => (isFresh = isFresh.then(look));
setInterval(() => { if (!document.hidden) refresh(); }, EVERY);
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
document.addEventListener("room:changed", refresh);
/** A reading that was just saved, at once in its place; the next look at the server brings all that follows from it. */
const drawReading = (row) => {
  const body = document.querySelector("#readings tbody");
  if (!body || body.querySelector(`[data-row="${row.id}"]`)) return;
  const since = row.minutes === null ? "–" : `${row.minutes < 0 ? "" : "+"}${row.minutes}`;
  const node = copy("reading", {
    time: wall(row.taken_at, settings.clock), minutes: since, pressure: `${row.systolic}/${row.diastolic}`, rate: String(row.heart_rate),
    spo2: row.spo2 === null ? "–" : `${row.spo2} %`, by: row.recorded_by.name, remarks: row.remarks.map((one) => one.detail).join(" "),
  });
  node.dataset.row = row.id;
  node.querySelector("[data-slot=mark]").textContent = row.remarks.length ? "!" : "";
  body.append(node);
};

/* What is entered */
const reset = (form) => {
  form.reset();
  delete form.dataset.touched;
};
const enter = (form, extra = {}) => {
  const { body, label } = bodyOf(form, extra);
  const many = "many" in form.dataset;
  const fields = form.querySelector("fieldset");
  const wrong = form.querySelector(".wrong");
  const kept = new FormData(form);
  const base = { booking: settings.booking, note: "session-notes" }[form.dataset.of] || settings.record;
  if (wrong) wrong.replaceChildren();
  if (many) reset(form);
  else fields.disabled = true;
  put({
    path: `${base}/${form.dataset.to}`, label, isKept: many,
    body: form.dataset.of || "bare" in form.dataset ? body : { key: newUuid(), ...body },
    putBack: () => {
      const here = form.isConnected ? form : document.querySelector(`form[data-to="${form.dataset.to}"]`);
      if (!here) return;
      for (const [name, value] of kept) if (here.elements[name] && value) here.elements[name].value = value;
      here.dataset.touched = "1";
      here.querySelector("input:not([type=hidden]), textarea, button").focus();
    },
    settled: (trouble, answer) => {
      if (fields) fields.disabled = false;
      if (trouble) {
        if (wrong && !many) wrong.replaceChildren(...linesOf(trouble, "p"));
        say(`${label}: ${words.refused}`);
        return;
      }
      if (!many) reset(form);
      if (form.dataset.to === "vitals") drawReading(answer);
      const remarks = ((answer && answer.remarks) || []).map((one) => one.detail);
      say([words.saved.replace("%s", label), ...remarks].join(" "));
      refresh();
    },
  });
};
document.addEventListener("input", (event) => { if (event.target.form) event.target.form.dataset.touched = "1"; });
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-to]")) return;
  event.preventDefault();
  const by = event.submitter;
  const go = () => enter(form, by && by.name ? { [by.name]: by.value, label: by.textContent.trim() } : {});
  if (form.dataset.to === "complete") askFirst("end", go);
  else go();
});
document.addEventListener("change", ({ target }) => {
  screen(document);
  const chosen = target.matches("select[data-sets]") && target.selectedOptions[0];
  if (chosen) target.form.elements.amount.value = chosen.dataset.amount;
});
document.addEventListener("keydown", (event) => {
  const field = event.target;
  if (event.key !== "Enter" || !field.matches("#vitals-form .four input")) return;
  event.preventDefault();
  const four = [...field.form.querySelectorAll(".four input")];
  const isWhole = field === four[0] && fillVitals(four);
  const next = four[four.indexOf(field) + 1];
  if (next && !isWhole) next.focus();
  else field.form.requestSubmit();
});
document.addEventListener("submit", (event) => { if (event.target.id === "vitals-form") event.target.querySelector("input").focus(); });
document.querySelector("#vitals-form input")?.focus();
screen(document);
