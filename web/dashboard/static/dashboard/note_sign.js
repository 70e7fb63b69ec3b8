/* Signed is what was confirmed, and nothing else; what came too late for a note that is signed elsewhere can become an
   addendum. */
import { say, words } from "./frame.js";
import { at, box, field, isDirty, lookAgain, merge, note, reasons, refuse, setText, show } from "./note_page.js";
import { later, whenSaved } from "./note_save.js";
import { lacking } from "./note_texts.js";
import { put } from "./queue.js";

const asked = at("sign-note");

/** Stands there until it is confirmed again. */
const notSigned = (why) => {
  const told = at("note-unsigned");
  told.textContent = words.note_unsigned.replace("%s", why);
  told.hidden = false;
  say(told.textContent);
};
const end = (text) => {
  const isHere = box.contains(document.activeElement);
  note.isSigned = box.hidden = true;
  if (isHere) at("main").focus({ preventScroll: true });
  if (!text) return;
  say(text);
  lookAgain();
};
const sign = async (text) => {
  const isUnderWay = note.confirmed !== null;
  note.confirmed = text;
  if (isUnderWay || note.isSigned) return;
  field.dataset.touched = "1"; // what the record says is signed as it stands
  at("note-unsigned").hidden = true;
  await whenSaved();
  const isAsConfirmed = note.id && note.saved === note.confirmed && field.value === note.confirmed;
  if (note.isSigned || note.refusal || !isAsConfirmed) {
    note.confirmed = null;
    if (!note.isSigned) notSigned(note.refusal || words.note_changed);
    return;
  }
  field.disabled = true;
  note.item = put({
    lane: "note", label: words.note_sign, request: () => ({ path: `session-notes/${note.id}/sign`, body: { revision: note.revision } }),
    settled: (trouble) => {
      note.item = note.confirmed = null;
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
/** Signed on another device: what only this one has is kept in sight. */
export const signedElsewhere = (own) => {
  const rest = field.dataset.touched === "1" ? lacking(note.saved, field.value, own.textContent) : "";
  if (asked.open) asked.close("back");
  if (!rest) { end(); return; }
  setText(rest);
  Object.assign(note, { id: Number(own.dataset.note), saved: "", isSigned: true, refusal: "" });
  for (const name of ["note-do", "note-clash", "note-unsigned"]) at(name).hidden = true;
  at("note-late").hidden = false;
  say(at("note-late").querySelector("p").textContent);
  show();
};
const add = () => {
  if (note.item) return;
  field.disabled = true;
  note.item = put({
    lane: "note", label: words.note, path: `session-notes/${note.id}/addenda`, body: { text: field.value },
    settled: (trouble) => {
      note.item = null;
      field.disabled = false;
      if (trouble) refuse(trouble);
      else end(words.note_added);
    },
  });
};

if (box) {
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
}
