/* Entries on their way to the server: in memory only, until it has answered; in order within their lane, so that a long
   note never holds up a reading. An entry keeps its key: one whose answer was lost is saved once however often it is sent. */
import { isLost, renew, send } from "./frame.js";

const WAITS = [1, 2, 4, 8, 15]; // seconds before the next try; the last one again and again
export const SLOW = 800; // milliseconds after which an entry on its way is shown
const PATIENCE = 10_000; // milliseconds for one answer
const LIGHT = 60_000; // characters that a browser still sends when the page is gone
const items = [];
const busy = new Set(), timers = new Map();
let draw = () => {};

export const newUuid = () => {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = bytes[6] & 15 | 64;
  bytes[8] = bytes[8] & 63 | 128;
  const hex = [...bytes].map((one) => one.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
};

/** What went wrong, or null; `item.answer` is what the server said. `item.request` is asked anew for each try. */
const attempt = async (item) => {
  const once = () => {
    const { path, body, method, revision } = item.request ? item.request() : item;
    const keepalive = JSON.stringify(body).length < LIGHT;
    return send(path, body, { key: item.key, method, revision, keepalive, signal: AbortSignal.timeout(PATIENCE) })
      .then((answer) => { item.answer = answer; return null; }, (error) => error);
  };
  const trouble = await once();
  if (!trouble || ![401, 403].includes(trouble.status)) return trouble;
  return await renew() ? once() : { status: 401 }; // a new sign-in has a new token
};
const deliver = async (lane) => {
  if (busy.has(lane)) return;
  clearTimeout(timers.get(lane));
  busy.add(lane);
  for (let item; (item = items.find((one) => one.lane === lane && one.state !== "refused"));) {
    item.state = item.tries ? item.state : "sending";
    draw(items);
    const trouble = await attempt(item);
    if (trouble && isLost(trouble)) {
      item.tries += 1;
      item.state = trouble.status === 401 ? "signed_out" : "waiting";
      timers.set(lane, setTimeout(() => deliver(lane), 1000 * WAITS[Math.min(item.tries, WAITS.length) - 1]));
      break;
    }
    if (trouble && item.isKept) Object.assign(item, { state: "refused", trouble });
    else items.splice(items.indexOf(item), 1);
    item.settled(trouble, item.answer);
  }
  busy.delete(lane);
  draw(items);
};

/** `settled` hears once what came of it: null, or what was refused. With `isKept` a refused entry stays listed. */
export const put = (entry) => {
  const item = { lane: "entries", key: newUuid(), tries: 0, state: "queued", put: Date.now(), ...entry };
  items.push(item);
  deliver(item.lane);
  setTimeout(() => draw(items), SLOW);
  return item;
};
export const drop = (item) => { items.splice(items.indexOf(item), 1); draw(items); };
export const tryNow = () => { for (const lane of new Set(items.map((one) => one.lane))) deliver(lane); };
const watchers = [];
export const onChange = (callback) => { watchers.push(callback); draw = (now) => watchers.forEach((each) => each(now)); };
/** What is not saved yet, by name. */
export const unsaved = () => items.map((item) => item.label);

addEventListener("online", tryNow);
document.addEventListener("visibilitychange", () => { if (!document.hidden) tryNow(); });
addEventListener("beforeunload", (event) => { if (items.length) event.preventDefault(); });
