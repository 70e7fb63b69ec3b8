/* The note about the session and what the server has meanwhile: the record's sentences, or what another device saved. */
import { at, box, field, isDirty, note, show, take } from "./note_page.js";
import { save } from "./note_save.js";
import { signedElsewhere } from "./note_sign.js";

if (box) {
  at("note-fill").addEventListener("click", () => {
    const text = at("note-record").textContent.trim();
    if (!field.value.includes(text)) field.value = [field.value.trimEnd(), text].filter(Boolean).join("\n\n");
    field.dataset.touched = "1";
    save();
    field.focus();
  });
  show();
}
/** Takes what the server drew now, where nothing is being written. */
export const fresh = () => {
  if (!box || note.isSigned) return;
  const own = at("note-own"), record = at("note-record");
  if (own && own.dataset.signed) { signedElsewhere(own); return; }
  if (note.item || isDirty() || document.activeElement === field) return;
  if (own && own.dataset.note && Number(own.dataset.revision) > (note.revision || 0)) {
    field.value = own.textContent;
    take({ id: Number(own.dataset.note), revision: Number(own.dataset.revision), text: own.textContent, saved_at: own.dataset.savedAt });
  } else if (note.saved === null && field.dataset.touched !== "1" && record) field.value = record.textContent.trim();
  show();
};
