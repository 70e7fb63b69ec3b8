/* Parts of a page that the server draws: swapped for what it draws now, except where somebody works. */
const at = (id) => document.getElementById(id);
/** Something is typed there, or is about to be: an empty field with an id has the focus again afterwards. */
const isWorkedIn = (node) => {
  const field = document.activeElement;
  return node.querySelector("form[data-touched]") || (node.contains(field) && field.matches("input, select, textarea") && !(field.id && field.matches("input") && !field.value));
};
/** Whether it is as the server has it. */
const swap = (fresh) => {
  const old = at(fresh.id);
  if (!old || old.isEqualNode(fresh) || old.dataset.was === fresh.innerHTML) return true;
  if (isWorkedIn(old)) return false;
  const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
  for (const one of old.querySelectorAll("details[open][id]")) fresh.querySelector(`#${one.id}`)?.setAttribute("open", "");
  old.replaceWith(fresh);
  if (focused) at(focused)?.focus();
  return true;
};
/** Every part of `page`, a document as the server draws it now; whether none was left for later. */
export const swapAll = (page) => [...page.querySelectorAll("[data-live]")].map((fresh) => {
  fresh.dataset.was = fresh.innerHTML;
  return swap(fresh);
}).every(Boolean);
/** A page as the server draws it now, or null. `known` remembers what was drawn last: `isSame` when that still stands. */
export const drawnNow = async (address, signal = null, known = {}) => {
  const headers = known.tag ? { "If-None-Match": known.tag } : {};
  const answer = await fetch(address, { redirect: "manual", cache: "no-store", headers, signal }).catch(() => null);
  known.isSame = Boolean(answer) && answer.status === 304;
  const text = answer && answer.ok ? await answer.text().catch(() => "") : "";
  if (text) known.tag = answer.headers.get("ETag");
  return text ? new DOMParser().parseFromString(text, "text/html") : null;
};
/** All reasons of a refusal, each with the pointer to what it is about. */
export const reasonsOf = ({ body, message }) => {
  const found = [...(body && body.blockers) || [], ...(body && body.errors) || []].filter((one) => one.detail);
  return found.length ? found : [{ detail: message }];
};
