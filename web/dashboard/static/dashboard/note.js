/* The note about the session: saved while it is written and at once on leaving, through the queue of the room. What was
   written elsewhere meanwhile is put together with it; nothing is kept on this device but what the page holds. */
import { call, say, settings, wall, words } from "./frame.js";
import { SLOW, onChange, put } from "./queue.js";

const PAUSE = 1200, LONGEST = 5000; // milliseconds after the last key, and after the first one that is not saved
const box = document.getElementById("note");
const field = document.getElementById("note-text");
const state = document.getElementById("note-state");
const clash = document.getElementById("note-clash");
const asked = document.getElementById("sign-note");
const at = (id) => document.getElementById(id);
let { id, revision } = box ? { id: Number(box.dataset.note) || null, revision: Number(box.dataset.revision) || null } : {};
let saved = id ? field.value : null; // null: not begun
let savedAt = box && box.dataset.savedAt ? new Date(box.dataset.savedAt) : null;
let item = null, timer = null, waitsSince = 0, isSigned = false;
const sent = new Set();

export const isDirty = () => Boolean(box) && !isSigned && (item !== null || (field.dataset.touched === "1" && field.value !== saved));
const write = (text, kind) => {
  if (state.textContent === text) return;
  state.textContent = text;
  state.dataset.kind = kind;
};
const show = () => {
  if (!box || isSigned) return;
  const isStuck = item && (item.tries || Date.now() - item.put >= SLOW);
  if (isStuck) write(item.state === "signed_out" ? words.note_signed_out : words.note_kept, "waiting");
  else if (item) write(words.note_saving, "");
  else if (isDirty()) write(words.note_typing, "");
  else if (savedAt) write(words.note_saved.replace("%s", wall(savedAt)), "");
  else write(words.note_new, "");
};
onChange(show);

/** Both texts in one: what was added to the same beginning is added, everything else stands below it whole. */
export const together = (base, mine, theirs) => {
  if (mine === theirs || theirs.startsWith(mine)) return theirs;
  if (base !== null && mine.startsWith(base)) {
    const added = mine.slice(base.length).trim();
    return added && !theirs.includes(added) ? `${theirs.trimEnd()}\n\n${added}` : theirs;
  }
  return theirs.includes(mine.trim()) ? theirs : `${theirs.trimEnd()}\n\n— ${words.note_both} —\n${mine}`;
};
const take = (note) => {
  [id, revision, saved, savedAt] = [note.id, note.revision, note.text, new Date(note.saved_at)];
  at("note-sign").disabled = false;
};
const merge = (theirs) => {
  const isEcho = sent.has(theirs.text); // our own text, whose answer was lost
  const text = isEcho ? field.value : together(saved, field.value, theirs.text);
  if (text !== field.value) {
    const fromEnd = field.value.length - field.selectionStart;
    field.value = text;
    field.setSelectionRange(text.length - fromEnd, text.length - fromEnd);
  }
  if (!isEcho) {
    clash.querySelector("[data-slot=when]").textContent = wall(theirs.saved_at);
    clash.querySelector("[data-slot=theirs]").textContent = theirs.text;
    clash.hidden = false;
    say(clash.querySelector("p").textContent);
  }
  [id, revision, saved, savedAt] = [theirs.id || id, theirs.revision, theirs.text, new Date(theirs.saved_at)];
};
const settled = async (trouble, answer) => {
  item = null;
  const body = trouble && trouble.body;
  if (!trouble) take(answer);
  else if (trouble.status === 412) merge(body.alternatives[0]);
  else if (body && body.code === "note_exists") {
    const { results } = await call(`session-notes?booking=${settings.booking_id}&is_signed=false`).catch(() => ({ results: [] }));
    if (results.length) merge(results[0]);
  } else if (body && body.code === "signed_before") { isSigned = true; box.hidden = true; }
  else { write(`${words.refused}: ${trouble.message}`, "blocked"); return; }
  show();
  if (isDirty()) later();
  for (const next of waiting.splice(0)) next();
};
const waiting = [];
/** Now, if there is anything to save. */
export const save = () => {
  clearTimeout(timer);
  waitsSince = 0;
  if (!box || item || isSigned || field.value === saved || (saved === null && field.dataset.touched !== "1")) return;
  let begun = null; // a request with a key says the same each time
  item = put({
    lane: "note", label: words.note, settled,
    request: () => {
      const text = field.value;
      if (id) { sent.add(text); return { path: `session-notes/${id}`, method: "PATCH", revision, body: { text } }; }
      begun = begun || { booking: settings.booking_id, text };
      sent.add(begun.text);
      return { path: "session-notes", body: begun };
    },
  });
  show();
};
const later = () => {
  waitsSince = waitsSince || Date.now();
  clearTimeout(timer);
  timer = setTimeout(save, Date.now() - waitsSince > LONGEST ? 0 : PAUSE);
  show();
};
const whenSaved = () => new Promise((done) => { save(); if (item) waiting.push(done); else done(); });

if (box) {
  field.addEventListener("input", () => { field.dataset.touched = "1"; later(); });
  field.addEventListener("blur", save);
  document.addEventListener("visibilitychange", () => { if (document.hidden) save(); });
  addEventListener("pagehide", save);
  addEventListener("beforeunload", (event) => { if (isDirty()) { save(); event.preventDefault(); } });
  at("note-fill").addEventListener("click", () => {
    const text = at("note-record").textContent.trim();
    if (!field.value.includes(text)) field.value = [field.value.trimEnd(), text].filter(Boolean).join("\n\n");
    field.dataset.touched = "1";
    save();
    field.focus();
  });
  at("note-sign").addEventListener("click", () => asked.showModal());
  asked.addEventListener("close", async () => {
    at("note-sign").focus();
    if (asked.returnValue !== "sign") return;
    field.dataset.touched = "1"; // what the record says is signed as it stands
    await whenSaved();
    if (!id || isDirty()) return;
    field.disabled = true;
    item = put({
      lane: "note", label: words.note_sign, request: () => ({ path: `session-notes/${id}/sign`, body: { revision } }),
      settled: (trouble, answer) => {
        item = null;
        field.disabled = false;
        if (trouble && trouble.status === 412) { merge(trouble.body.alternatives[0]); later(); return; }
        if (trouble) { write(`${words.refused}: ${trouble.message}`, "blocked"); return; }
        [isSigned, revision] = [true, answer.revision];
        box.hidden = true;
        say(words.note_is_signed);
        document.dispatchEvent(new Event("room:changed"));
      },
    });
  });
  show();
}
/** What the server has now: the record's sentences while nothing was written, or what another device saved. */
export const fresh = () => {
  if (!box || isSigned) return;
  const own = at("note-own"), record = at("note-record");
  if (own && own.dataset.signed) { isSigned = true; box.hidden = true; return; }
  if (item || isDirty() || document.activeElement === field) return;
  if (own && own.dataset.note && Number(own.dataset.revision) > (revision || 0)) {
    field.value = own.textContent;
    take({ id: Number(own.dataset.note), revision: Number(own.dataset.revision), text: own.textContent, saved_at: own.dataset.savedAt });
  } else if (saved === null && field.dataset.touched !== "1" && record) field.value = record.textContent.trim();
  show();
};
