/* The forms of a page: sent to the REST API. What was typed stays until it is saved; all reasons of a refusal stand beside
   it, and both values when somebody else was faster. Then the server draws the page's parts anew. */
import { isLost, neverReload, newKey, renew, say, send, settings, words } from "./frame.js";
import { bodyOf } from "./entry.js";
import { drawnNow, reasonsOf, swapAll } from "./live.js";
import { newUuid } from "./queue.js";

neverReload();
const keys = new WeakMap(); // made once for each attempt whose answer is not known: sent twice, done once
const keysOf = (form) => { if (!keys.has(form)) keys.set(form, { key: newKey(), uuid: newUuid() }); return keys.get(form); };
const fieldsOf = (form) => [...form.elements].filter((field) => field.name && field.type !== "hidden");
const defaultOf = (field) => field.options ? [...field.options].find((one) => one.defaultSelected)?.value ?? field.options[0].value : field.defaultValue;
const setDefault = (field, value) => {
  if (field.options) for (const one of field.options) one.defaultSelected = one.value === value;
  else field.defaultValue = value;
};
const wordsOf = (field, value) => field.options ? [...field.options].find((one) => one.value === value)?.text ?? value : value;

/** "values.readings.0.systolic" is a place inside the body. */
const nested = (flat) => {
  const body = {};
  for (const [name, value] of Object.entries(flat)) {
    const steps = name.split(".");
    const last = steps.pop();
    steps.reduce((at, step, place) => (at[step] ||= /^\d+$/.test(steps[place + 1] ?? last) ? [] : {}), body)[last] = value;
  }
  return body;
};
/** Of a change only what differs from what was read, and what was emptied. */
const bodyFor = (form) => {
  const { body } = bodyOf(form);
  if (form.dataset.method !== "PATCH") return nested(body);
  const changed = fieldsOf(form).filter((field) => field.value !== defaultOf(field));
  return Object.fromEntries(changed.map(({ name, dataset }) => [name, name in body ? body[name] : dataset.emptied === "null" ? null : ""]));
};

/* What was refused */
const forget = (form) => {
  form.querySelector(".wrong").replaceChildren();
  for (const field of fieldsOf(form)) field.removeAttribute("aria-invalid");
};
const labelOf = (field) => field.labels[0].firstChild.textContent.trim();
const refuse = (form, trouble) => {
  const reasons = trouble.status === 401 ? [{ detail: words.signed_out }] : reasonsOf(trouble);
  const faults = reasons.map(({ pointer, detail }) => {
    const place = (pointer || "").slice(1).replaceAll("/", ".");
    const field = fieldsOf(form).find(({ name }) => name === place);
    field?.setAttribute("aria-invalid", "true");
    return Object.assign(document.createElement("li"), { textContent: field ? `${labelOf(field)}: ${detail}` : detail });
  });
  const list = document.createElement("ul");
  list.append(...faults);
  form.querySelector(".wrong").replaceChildren(list);
  fieldsOf(form).find((field) => field.ariaInvalid === "true")?.focus();
};
/** Somebody else was faster: their values beside what was typed, and theirs where nothing was. */
const compare = async (form) => {
  const page = await drawnNow(location.href);
  const theirs = page && page.getElementById(form.id);
  if (page) swapAll(page);
  if (!theirs) return;
  form.dataset.revision = theirs.dataset.revision;
  for (const field of fieldsOf(form)) {
    const was = defaultOf(field), now = defaultOf(theirs.elements[field.name]);
    if (was === now) continue;
    if (field.value === was) field.value = now;
    setDefault(field, now);
    const note = field.closest(".field").querySelector(".theirs");
    note.textContent = `${words.meanwhile}: ${wordsOf(field, now) || words.nothing}`;
    note.hidden = false;
  }
};

/* What it would mean */
const rehearsesNow = (form, text) => {
  const [name, value] = (form.dataset.rehearses || "").split("=");
  return name && (!value || form.elements[name].value === value) && form.dataset.seen !== text;
};
const showEffects = (form, effects, text) => {
  const lines = effects.map((one) => [one.detail, ...one.blockers.map((each) => each.detail)].join(" "));
  const box = form.querySelector(".effects"), button = form.querySelector("[data-label]");
  box.querySelector("ul").replaceChildren(...(lines.length ? lines : [words.no_effects]).map((line) => Object.assign(document.createElement("li"), { textContent: line })));
  box.hidden = false;
  box.focus();
  form.dataset.seen = text;
  button.dataset.first ||= button.textContent;
  button.textContent = button.dataset.label;
};
const hideEffects = (form) => {
  const box = form.querySelector(".effects"), button = form.querySelector("[data-label]");
  if (!box || box.hidden) return;
  box.hidden = true;
  delete form.dataset.seen;
  button.textContent = button.dataset.first;
};

/* Sending */
const attempt = async (form, body) => {
  const { path, method } = form.dataset, { key, uuid } = keysOf(form);
  const revision = form.dataset.revision ?? null;
  const full = "keyed" in form.dataset ? { ...body, key: uuid } : body;
  const once = () => send(path, full, { key, method, revision });
  try { return await once(); } catch (trouble) {
    if (![401, 403].includes(trouble.status) || !(await renew())) throw trouble;
    return once(); // a new sign-in has a new token
  }
};
const recordOf = (form) => form.dataset.path.split("/").slice(0, 2).join("/");
/** What was read of the record before is no older than what we just wrote ourselves. */
const keepUp = (form, { revision }) => {
  if (!revision || !form.dataset.revision) return;
  for (const other of document.querySelectorAll(`form[data-revision="${form.dataset.revision}"]`)) {
    if (recordOf(other) === recordOf(form)) other.dataset.revision = revision;
  }
};
const settle = async (form, answer) => {
  const { done, goes, method } = form.dataset, details = form.closest("details");
  keys.delete(form);
  keepUp(form, answer);
  if (method !== "PATCH") form.reset();
  hideEffects(form);
  delete form.dataset.touched;
  for (const note of form.querySelectorAll(".theirs")) note.hidden = true;
  if (goes) return location.assign(goes.replace(settings.any_id, answer.id));
  details.open = false;
  const page = await drawnNow(location.href);
  if (page) swapAll(page);
  say(done);
  const again = document.querySelector(`#${details.id} > summary`) || document.getElementById("main");
  return again.focus();
};
const submit = async (form) => {
  const body = bodyFor(form), text = JSON.stringify(body);
  forget(form);
  try {
    if (rehearsesNow(form, text)) {
      const { effects, revision } = await send(form.dataset.path, { ...body, dry_run: true });
      form.dataset.revision = revision;
      return showEffects(form, effects, text);
    }
    return await settle(form, await attempt(form, body));
  } catch (trouble) {
    if (!isLost(trouble)) keys.delete(form);
    if (trouble.status === 412) { hideEffects(form); await compare(form); } // what it would mean may be something else now
    return refuse(form, trouble);
  }
};
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!("path" in form.dataset)) return;
  event.preventDefault();
  const [button] = form.querySelectorAll("[type=submit]");
  if (button.disabled) return;
  button.disabled = true;
  await submit(form);
  button.disabled = false;
});
document.addEventListener("input", ({ target }) => {
  const form = target.closest("form[data-path]");
  if (!form) return;
  form.dataset.touched = "";
  hideEffects(form);
});
