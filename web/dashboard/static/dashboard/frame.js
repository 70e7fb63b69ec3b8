/* What every page of the clinicians does alike: asks the REST API, fills templates, tells of trouble, stays fresh. */
const read = (id) => JSON.parse(document.getElementById(id).textContent);
export const settings = read("settings");
export const words = read("words");
const tokenOf = (page) => page.querySelector("[name=csrfmiddlewaretoken]")?.value;
let csrf = tokenOf(document);
/* The server's clock, and not that of this device, which may be set back meanwhile; the other one stands still while
   the device sleeps. Whichever ran on further is right until the server is heard again. */
let told = { server: 0, wall: 0, steady: 0 };
export const setClock = (at) => { told = { server: Number(new Date(at)), wall: Date.now(), steady: performance.now() }; };
setClock(settings.now);
export const now = () => new Date(told.server + Math.max(Date.now() - told.wall, performance.now() - told.steady));

/** An instant in the clinic's wall time. */
export const timeOfDay = { hour: "numeric", minute: "2-digit", timeZone: settings.zone };
export const dayAndTime = { weekday: "short", month: "short", day: "numeric", ...timeOfDay };
export const wall = (at, options = timeOfDay) => new Intl.DateTimeFormat(document.documentElement.lang, options).format(new Date(at));
/** A date without a time, such as "2026-11-23". */
export const dateOf = (day) => wall(day, { dateStyle: "medium", timeZone: "UTC" });
export const address = (pattern, id) => pattern.replace(settings.any_id, id);

/** A copy of a template, its slots filled with text or, for links, text and address. */
export const copy = (id, values) => {
  const node = document.getElementById(`t-${id}`).content.firstElementChild.cloneNode(true);
  for (const [slot, value] of Object.entries(values || {})) {
    const target = node.querySelector(`[data-slot=${slot}]`);
    const [text, href] = [value].flat();
    if (text) target.textContent = text;
    if (href) target.href = href;
  }
  return node;
};

let mayReload = true;
/** For a page that has what is saved nowhere else. */
export const neverReload = () => { mayReload = false; };
/** Whether the same person is still, or again, signed in: then with their present token. */
export const renew = async () => {
  const answer = await fetch(location.href, { redirect: "manual" }).catch(() => null);
  const page = answer && answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!page || JSON.parse(page.getElementById("settings").textContent).user !== settings.user) return false;
  csrf = tokenOf(page);
  return true;
};
/** The body of an answer; what went wrong is thrown as an Error whose `body` is the problem and `status` its number. */
export const call = async (path, options = {}) => {
  const answer = await fetch(`/api/v1/${path}`, { headers: { Accept: "application/json" }, ...options }).catch(() => null);
  if (answer && answer.status === 401 && mayReload) location.reload();
  const body = answer && await answer.json().catch(() => ({}));
  if (answer && answer.ok) return body;
  throw Object.assign(new Error((body && body.detail) || words.no_answer), { body, status: answer ? answer.status : 0 });
};
/** Every page of a list. */
export const all = async (path) => {
  const { results, next } = await call(path);
  return next ? results.concat(await all(next.split("/api/v1/")[1])) : results;
};
/** Whether we don't know what the server did: then the same is sent again under the same key. */
export const isLost = ({ status, body }) => [0, 401, 408, 429].includes(status) || status >= 500 || (body && body.code) === "idempotency_key_in_use";
/** Made once per thing to do: what is sent twice with the same key is done once. */
export const newKey = () => [...crypto.getRandomValues(new Uint32Array(4))].join("-");
export const send = (path, body, { key = newKey(), method = "POST", revision = null, signal = null, keepalive = false } = {}) => {
  const headers = { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": csrf };
  if (method === "POST") headers["Idempotency-Key"] = key;
  if (revision !== null) headers["If-Match"] = `"${revision}"`;
  return call(path, { method, headers, signal, keepalive, body: JSON.stringify(body) });
};
const names = new Map();
export const nameOf = async (client) => {
  if (!names.has(client)) names.set(client, (await call(`clients/${client}`)).display_name);
  return names.get(client);
};

/** Said to screen readers, once. */
export const say = (text) => { document.getElementById("status").textContent = text; };
/** Take a row away whose work is done; who worked in it goes on with its neighbour. */
export const takeAway = (node) => {
  (node.nextElementSibling || node.previousElementSibling || document.getElementById("main")).querySelector("input, a, button").focus();
  node.remove();
};

/** Draw a list anew; who stood on one of its links stands on the same one afterwards, or on the first. */
const redraw = (list, nodes) => {
  const held = list.contains(document.activeElement) ? document.activeElement : null;
  list.replaceChildren(...nodes);
  if (!held) return;
  const links = [...list.querySelectorAll("a")];
  (links.find(({ href }) => href === held.href) || links[0] || document.getElementById("main")).focus({ preventScroll: true });
};
const shown = new Map(); // by part: its rows as text, the number of the try that brought them, and when
const failed = new Map(); // by part: the number of the last try that brought nothing
let tries = 0;
let refresh = async () => {};
/** Say since when the oldest part stands there that the last try has not brought anew. */
const tellStale = () => {
  const old = [...shown].filter(([id, { number }]) => number < (failed.get(id) || 0)).map(([, { at }]) => at);
  const stale = document.getElementById("stale"), since = stale.querySelector("[data-slot=since]");
  const text = old.length ? wall(Math.min(...old)) : "";
  if (since.textContent !== text) since.textContent = text; // said once, not with every part
  stale.hidden = !old.length;
};
/** Load one part of the page; while somebody works in it, leave it as it is, unless it tells of what presses. An answer
    that was asked for earlier never replaces a later one. */
export const part = async (id, load, draw) => {
  const number = tries += 1;
  const box = document.getElementById(id);
  const list = box.querySelector(".list");
  const bones = setTimeout(() => { if (!shown.has(id)) list.replaceChildren(copy("loading")); }, 300);
  try {
    const rows = await load();
    const text = JSON.stringify(rows);
    const isBusy = !("pressing" in box.dataset) && (box.contains(document.activeElement) || box.querySelector("details[open]"));
    const before = shown.get(id);
    const isKept = before && (before.text === text || isBusy);
    const nodes = isKept ? [] : await Promise.all(rows.map(draw));
    if (shown.has(id) && shown.get(id).number > number) return;
    shown.set(id, { text: isKept ? before.text : text, number, at: now() });
    if (isKept) return;
    redraw(list, nodes);
    box.querySelector(".empty").hidden = rows.length > 0;
    box.classList.toggle("pressing", "pressing" in box.dataset && rows.length > 0);
  } catch (trouble) {
    failed.set(id, Math.max(number, failed.get(id) || 0));
    const error = copy("error", { text: trouble.message });
    error.querySelector("button").addEventListener("click", () => refresh());
    if (!shown.has(id)) list.replaceChildren(error);
  } finally {
    clearTimeout(bones);
    box.removeAttribute("aria-busy");
    tellStale();
  }
};
/** Draw the parts now, every minute and when the page is looked at again; `parts` returns their promises. */
export const keepFresh = (parts) => {
  refresh = async () => {
    if (now() >= new Date(settings.day_ends)) location.reload();
    await Promise.all(parts());
  };
  refresh();
  setInterval(() => { if (!document.hidden) refresh(); }, 60_000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
  return refresh;
};
