/* The note is saved while it is written and at once on leaving, through the queue of the room. */
import { call, settings, words } from "./frame.js";
import { box, field, isDirty, lookAgain, merge, note, refuse, show, take } from "./note_page.js";
import { put } from "./queue.js";

const PAUSE = 1200, LONGEST = 5000; // milliseconds after the last key, and after the first one that is not saved
let timer = null, waitsSince = 0;
const waiting = [];

const settled = async (trouble, answer) => {
  const { code, alternatives } = (trouble && trouble.body) || {};
  if (!trouble) take(answer);
  else if (trouble.status === 412) merge(alternatives[0]);
  else {
    const begun = code === "note_exists" && call(`session-notes?booking=${settings.booking_id}&is_signed=false`).then(({ results }) => results, () => null);
    const draft = await begun;
    if (draft && draft.length) merge(draft[0]);
    else if (draft !== null && !note.isSigned) refuse(trouble);
    if (["signed_before", "note_exists"].includes(code)) lookAgain();
  }
  note.item = null;
  show();
  if (isDirty() && !note.refusal) later();
  for (const next of waiting.splice(0)) next();
};
/** Now, if there is anything to save. */
export const save = () => {
  clearTimeout(timer);
  waitsSince = 0;
  if (!box || note.item || note.isSigned || field.value === note.saved || (note.saved === null && field.dataset.touched !== "1")) return;
  note.refusal = "";
  let begun = null; // a request with a key says the same each time
  note.item = put({
    lane: "note", label: words.note, settled,
    request: () => {
      const text = field.value;
      if (note.id) { note.sent.add(text); return { path: `session-notes/${note.id}`, method: "PATCH", revision: note.revision, body: { text } }; }
      begun = begun || { booking: settings.booking_id, text };
      note.sent.add(begun.text);
      return { path: "session-notes", body: begun };
    },
  });
  show();
};
export const later = () => {
  waitsSince = waitsSince || Date.now();
  clearTimeout(timer);
  timer = setTimeout(save, Date.now() - waitsSince > LONGEST ? 0 : PAUSE);
  show();
};
/** Until what was confirmed is saved, or is refused, or something else stands there. */
export const whenSaved = async () => {
  do {
    save();
    if (note.item) await new Promise((done) => { waiting.push(done); });
  } while (!note.refusal && !note.isSigned && field.value === note.confirmed && note.saved !== note.confirmed);
};

if (box) {
  field.addEventListener("input", () => { field.dataset.touched = "1"; note.refusal = ""; later(); });
  field.addEventListener("blur", save);
  document.addEventListener("visibilitychange", () => { if (document.hidden) save(); });
  addEventListener("pagehide", save);
  addEventListener("beforeunload", (event) => { if (isDirty()) { save(); event.preventDefault(); } });
}
