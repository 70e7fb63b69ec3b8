/* Entries on their way to the server: in memory only, in order, until it has answered. An entry keeps its key, so that
   one whose answer was lost is saved once however often it is sent. */
import { renew, send } from "./frame.js";

const WAITS = [1, 2, 4, 8, 15]; // seconds before the next try; the last one again and again
export const SLOW = 800; // milliseconds after which an entry on its way is shown
const PATIENCE = 10_000; // milliseconds for one answer
const items = [];
let timer = null, isBusy = false, draw = () => {};

export const newUuid = () => {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = bytes[6] & 15 | 64;
  bytes[8] = bytes[8] & 63 | 128;
  const hex = [...bytes].map((one) => one.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
};

const isLost = ({ status, body }) => [0, 401, 408, 429].includes(status) || status >= 500 || (body && body.code) === "idempotency_key_in_use";
/** What went wrong, or null; `item.answer` is what the server said. */
const attempt = async (item) => {
  const once = () => send(item.path, item.body, { key: item.key, signal: AbortSignal.timeout(PATIENCE) })
    .then((answer) => { item.answer = answer; return null; }, (error) => error);
  const trouble = await once();
  if (!trouble || ![401, 403].includes(trouble.status)) return trouble;
  return await renew() ? once() : { status: 401 }; // a new sign-in has a new token
};
const deliver = async () => {
  if (isBusy) return;
  clearTimeout(timer);
  isBusy = true;
  for (let item; (item = items.find((one) => one.state !== "refused"));) {
    item.state = item.tries ? item.state : "sending";
    draw(items);
    const trouble = await attempt(item);
    if (trouble && isLost(trouble)) {
      item.tries += 1;
      item.state = trouble.status === 401 ? "signed_out" : "waiting";
      timer = setTimeout(deliver, 1000 * WAITS[Math.min(item.tries, WAITS.length) - 1]);
      break;
    }
    if (trouble && item.isKept) Object.assign(item, { state: "refused", trouble });
    else items.splice(items.indexOf(item), 1);
    item.settled(trouble, item.answer);
  }
  isBusy = false;
  draw(items);
};

/** `settled` hears once what came of it: null, or what was refused. With `isKept` a refused entry stays listed. */
export const put = (entry) => {
  items.push({ key: newUuid(), tries: 0, state: "queued", put: Date.now(), ...entry });
  deliver();
  setTimeout(() => draw(items), SLOW);
};
export const drop = (item) => { items.splice(items.indexOf(item), 1); draw(items); };
export const tryNow = () => deliver();
export const onChange = (callback) => { draw = callback; };

addEventListener("online", deliver);
document.addEventListener("visibilitychange", () => { if (!document.hidden) deliver(); });
addEventListener("beforeunload", (event) => { if (items.length) event.preventDefault(); });
