/* The note as it stands on this page, which is all that this device keeps of it, and how its state is told. */
import { say, wall, words } from "./frame.js";
import { reasonsOf } from "./live.js";
import { together } from "./note_texts.js";
import { SLOW, onChange } from "./queue.js";

export const at = (id) => document.getElementById(id);
export const box = at("note");
export const field = at("note-text");
const state = at("note-state");
const clash = at("note-clash");
const own = box ? box.dataset : {};
/** Shared by what saves it, what signs it and what looks at the server. */
export const note = {
  id: Number(own.note) || null,
  revision: Number(own.revision) || null,
  saved: Number(own.note) ? field.value : null, // null: not begun
  savedAt: own.savedAt ? new Date(own.savedAt) : null,
  item: null, // what is on its way
  sent: new Set(), // every text that was
  refusal: "", // of what was sent last, until something is typed
  confirmed: null, // the text that is to be signed, until it is or is not
  isSigned: false,
};

export const isDirty = () => Boolean(box) && !box.hidden && (note.item !== null || (field.dataset.touched === "1" && field.value !== note.saved));
const write = (text, kind) => {
  if (state.textContent === text) return;
  state.textContent = text;
  state.dataset.kind = kind;
};
export const show = () => {
  if (!box || box.hidden) return;
  const isStuck = note.item && (note.item.tries || Date.now() - note.item.put >= SLOW);
  if (isStuck) write(note.item.state === "signed_out" ? words.note_signed_out : words.note_kept, "waiting");
  else if (note.item) write(words.note_saving, "");
  else if (note.refusal) write(note.refusal, "blocked");
  else if (note.isSigned) write("", "");
  else if (isDirty()) write(words.note_typing, "");
  else if (note.savedAt) write(words.note_saved.replace("%s", wall(note.savedAt)), "");
  else write(words.note_new, "");
};
onChange(show);
export const reasons = (trouble) => reasonsOf(trouble).map((one) => one.detail).join(" ");
export const refuse = (trouble) => {
  note.refusal = `${words.refused}: ${reasons(trouble)}`;
  say(note.refusal);
};

export const setText = (text) => {
  if (text === field.value) return;
  const fromEnd = field.value.length - field.selectionStart, place = Math.max(text.length - fromEnd, 0);
  field.value = text;
  field.setSelectionRange(place, place);
};
const stand = ({ id, revision, text, saved_at }) => Object.assign(note, { id: id || note.id, revision, saved: text, savedAt: new Date(saved_at) });
/** What the server has now is what stands here, or was sent from here. */
export const take = (theirs) => {
  stand(theirs);
  at("note-sign").disabled = false;
};
/** What was written elsewhere meanwhile, put together with what stands here. */
export const merge = (theirs) => {
  const isEcho = note.sent.has(theirs.text); // our own text, whose answer was lost
  if (!isEcho) {
    setText(together(note.saved, field.value, theirs.text));
    clash.querySelector("[data-slot=when]").textContent = wall(theirs.saved_at);
    clash.querySelector("[data-slot=theirs]").textContent = theirs.text;
    clash.hidden = false;
    say(clash.querySelector("p").textContent);
  }
  stand(theirs);
};
/** The rest of the room is drawn anew; `fresh` then sees whether the note is signed. */
export const lookAgain = () => document.dispatchEvent(new Event("room:changed"));
