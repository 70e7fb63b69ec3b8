/* Parts of a page that the server draws: swapped for what it draws now, except where somebody works. */
const at = (id) => document.getElementById(id);
const isWorkedIn = (node) => node.querySelector("form[data-touched]") || (node.contains(document.activeElement) && document.activeElement.matches("input, select, textarea"));
const swap = (fresh) => {
  const old = at(fresh.id);
  if (!old || old.isEqualNode(fresh) || old.dataset.was === fresh.innerHTML || isWorkedIn(old)) return;
  const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
  for (const one of old.querySelectorAll("details[open][id]")) fresh.querySelector(`#${one.id}`)?.setAttribute("open", "");
  old.replaceWith(fresh);
  if (focused) at(focused)?.focus();
};
/** Every part of `page`, a document as the server draws it now. */
export const swapAll = (page) => {
  for (const fresh of page.querySelectorAll("[data-live]")) {
    fresh.dataset.was = fresh.innerHTML;
    swap(fresh);
  }
};
/** A page as the server draws it now, or null. */
export const drawnNow = async (address, signal = null) => {
  const answer = await fetch(address, { redirect: "manual", signal }).catch(() => null);
  const text = answer && answer.ok ? await answer.text().catch(() => "") : "";
  return text ? new DOMParser().parseFromString(text, "text/html") : null;
};
/** All reasons of a refusal, each with the pointer to what it is about. */
export const reasonsOf = ({ body, message }) => {
  const found = [...(body && body.blockers) || [], ...(body && body.errors) || []].filter((one) => one.detail);
  return found.length ? found : [{ detail: message }];
};
