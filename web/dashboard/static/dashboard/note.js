/* The note about the session: saved while it is written and at once on leaving, through the queue of the room. What was
   written elsewhere meanwhile is put together with it; nothing is kept on this device but what the page holds. Signed is
   what was confirmed, and nothing else; what came too late for a note that is signed elsewhere can become an addendum. */
import { call, say, settings, wall, words } from "./frame.js";
import { reasonsOf } from "./live.js";
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
let refusal = ""; // of what was sent last, until something is typed
let confirmed = null; // the text that is to be signed, until it is or is not
const sent = new Set();

export const isDirty = () => Boolean(box) && !box.hidden && (item !== null || (field.dataset.touched === "1" && field.value !== saved));
const write = (text, kind) => {
  if (state.textContent === text) return;
  state.textContent = text;
  state.dataset.kind = kind;
};
const show = () => {
  if (!box || box.hidden) return;
  const isStuck = item && (item.tries || Date.now() - item.put >= SLOW);
  if (isStuck) write(item.state === "signed_out" ? words.note_signed_out : words.note_kept, "waiting");
  else if (item) write(words.note_saving, "");
  else if (refusal) write(refusal, "blocked");
  else if (isSigned) write("", "");
  else if (isDirty()) write(words.note_typing, "");
  else if (savedAt) write(words.note_saved.replace("%s", wall(savedAt)), "");
  else write(words.note_new, "");
};
onChange(show);
const reasons = (trouble) => reasonsOf(trouble).map((one) => one.detail).join(" ");
const refuse = (trouble) => {
  refusal = `${words.refused}: ${reasons(trouble)}`;
  say(refusal);
};
/** Stands there until it is confirmed again. */
const notSigned = (why) => {
  const told = at("note-unsigned");
  told.textContent = words.note_unsigned.replace("%s", why);
  told.hidden = false;
  say(told.textContent);
};

const isAdded = (base, mine) => base !== null && mine.startsWith(base);
/** What `mine` has and `theirs` has not: what was added to the same beginning, else all of it. */
const lacking = (base, mine, theirs) => {
  const own = (isAdded(base, mine) ? mine.slice(base.length) : mine).trim();
  return theirs.includes(own) || theirs.includes(mine.trim()) ? "" : own;
};
/** Both texts in one: what was added to the same beginning is added, everything else stands below it whole. */
const together = (base, mine, theirs) => {
  const own = lacking(base, mine, theirs);
  if (!own) return theirs;
  return `${theirs.trimEnd()}\n\n${isAdded(base, mine) ? own : `— ${words.note_both} —\n${mine}`}`;
};
const setText = (text) => {
  if (text === field.value) return;
  const fromEnd = field.value.length - field.selectionStart, place = Math.max(text.length - fromEnd, 0);
  field.value = text;
  field.setSelectionRange(place, place);
};
const take = (note) => {
  [id, revision, saved, savedAt] = [note.id, note.revision, note.text, new Date(note.saved_at)];
  at("note-sign").disabled = false;
};
const merge = (theirs) => {
  const isEcho = sent.has(theirs.text); // our own text, whose answer was lost
  if (!isEcho) {
    setText(together(saved, field.value, theirs.text));
    clash.querySelector("[data-slot=when]").textContent = wall(theirs.saved_at);
    clash.querySelector("[data-slot=theirs]").textContent = theirs.text;
    clash.hidden = false;
    say(clash.querySelector("p").textContent);
  }
  [id, revision, saved, savedAt] = [theirs.id || id, theirs.revision, theirs.text, new Date(theirs.saved_at)];
};
const lookAgain = () => document.dispatchEvent(new Event("room:changed"));
const settled = async (trouble, answer) => {
  const { code, alternatives } = (trouble && trouble.body) || {};
  if (!trouble) take(answer);
  else if (trouble.status === 412) merge(alternatives[0]);
  else {
    const begun = code === "note_exists" && call(`session-notes?booking=${settings.booking_id}&is_signed=false`).then(({ results }) => results, () => null);
    const draft = await begun;
    if (draft && draft.length) merge(draft[0]);
    else if (draft !== null && !isSigned) refuse(trouble);
    if (["signed_before", "note_exists"].includes(code)) lookAgain(); // `fresh` sees whether it is signed
  }
  item = null;
  show();
  if (isDirty() && !refusal) later();
  for (const next of waiting.splice(0)) next();
};
const waiting = [];
/** Now, if there is anything to save. */
export const save = () => {
  clearTimeout(timer);
  waitsSince = 0;
  if (!box || item || isSigned || field.value === saved || (saved === null && field.dataset.touched !== "1")) return;
  refusal = "";
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
/** Until what was confirmed is saved, or is refused, or something else stands there. */
const whenSaved = async () => {
  do {
    save();
    if (item) await new Promise((done) => { waiting.push(done); });
  } while (!refusal && !isSigned && field.value === confirmed && saved !== confirmed);
};
const sign = async (text) => {
  const isUnderWay = confirmed !== null;
  confirmed = text;
  if (isUnderWay || isSigned) return;
  field.dataset.touched = "1"; // what the record says is signed as it stands
  at("note-unsigned").hidden = true;
  await whenSaved();
  const isAsConfirmed = id && saved === confirmed && field.value === confirmed;
  if (isSigned || refusal || !isAsConfirmed) {
    confirmed = null;
    if (!isSigned) notSigned(refusal || words.note_changed);
    return;
  }
  field.disabled = true;
  item = put({
    lane: "note", label: words.note_sign, request: () => ({ path: `session-notes/${id}/sign`, body: { revision } }),
    settled: (trouble) => {
      item = confirmed = null;
      field.disabled = false;
      if (!trouble) { end(words.note_is_signed); return; }
      if (trouble.status === 412) {
        merge(trouble.body.alternatives[0]);
        notSigned(words.note_changed);
        if (isDirty()) later();
      } else if (trouble.body && trouble.body.code === "signed_before") lookAgain();
      else notSigned(reasons(trouble));
    },
  });
};
const end = (text) => {
  const isHere = box.contains(document.activeElement);
  isSigned = box.hidden = true;
  if (isHere) document.getElementById("main").focus({ preventScroll: true });
  if (!text) return;
  say(text);
  lookAgain();
};
/** Signed on another device: what only this one has is kept in sight. */
const signedElsewhere = (own) => {
  const rest = field.dataset.touched === "1" ? lacking(saved, field.value, own.textContent) : "";
  if (asked.open) asked.close("back");
  if (!rest) { end(); return; }
  setText(rest);
  [id, saved, isSigned, refusal] = [Number(own.dataset.note), "", true, ""];
  for (const name of ["note-do", "note-clash", "note-unsigned"]) at(name).hidden = true;
  at("note-late").hidden = false;
  say(at("note-late").querySelector("p").textContent);
  show();
};
const add = () => {
  if (item) return;
  field.disabled = true;
  item = put({
    lane: "note", label: words.note, path: `session-notes/${id}/addenda`, body: { text: field.value },
    settled: (trouble) => {
      item = null;
      field.disabled = false;
      if (trouble) refuse(trouble);
      else end(words.note_added);
    },
  });
};

if (box) {
  field.addEventListener("input", () => { field.dataset.touched = "1"; refusal = ""; later(); });
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
  let seen = "";
  at("note-sign").addEventListener("click", () => {
    [seen, asked.returnValue] = [field.value, ""];
    asked.showModal();
  });
  asked.addEventListener("close", () => {
    at("note-sign").focus();
    if (asked.returnValue === "sign") sign(seen);
  });
  at("note-add").addEventListener("click", add);
  at("note-away").addEventListener("click", () => end(words.note_away));
  show();
}
/** What the server has now: the record's sentences while nothing was written, or what another device saved. */
export const fresh = () => {
  if (!box || isSigned) return;
  const own = at("note-own"), record = at("note-record");
  if (own && own.dataset.signed) { signedElsewhere(own); return; }
  if (item || isDirty() || document.activeElement === field) return;
  if (own && own.dataset.note && Number(own.dataset.revision) > (revision || 0)) {
    field.value = own.textContent;
    take({ id: Number(own.dataset.note), revision: Number(own.dataset.revision), text: own.textContent, saved_at: own.dataset.savedAt });
  } else if (saved === null && field.dataset.touched !== "1" && record) field.value = record.textContent.trim();
  show();
};
