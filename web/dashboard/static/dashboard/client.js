/* One client: what is to be answered, and the timeline, page by page. */
import { call, copy, dayAndTime, keepFresh, part, settings, wall, words } from "./frame.js";

const day = { dateStyle: "medium", timeZone: settings.zone };
const owed = (one) => copy("owed", {
  name: one.name, when: [words.occasion[one.occasion], one.dose_number && `${words.dose} ${one.dose_number}`].filter(Boolean).join(" · "),
  until: one.due_until_at ? `${words.until} ${wall(one.due_until_at, dayAndTime)}` : "",
});
const entry = (one) => {
  const node = copy("entry", { at: wall(one.at, day), title: one.title, by: one.by, detail: one.detail });
  node.querySelector("time").dateTime = one.at;
  node.querySelector("p").hidden = !one.detail;
  return node;
};
const older = document.getElementById("older");
let next = null;
const loadTimeline = async () => {
  const page = await call(`clients/${settings.client}/timeline`);
  next = page.next;
  older.hidden = !next;
  return page.results;
};
older.addEventListener("click", async () => {
  const list = document.querySelector("#timeline .list");
  const page = await call(next.split("/api/v1/")[1]).catch(() => null);
  if (!page) return;
  const nodes = page.results.map(entry);
  list.append(...nodes);
  next = page.next;
  older.hidden = !next;
  nodes[0].tabIndex = -1;
  nodes[0].focus();
});
keepFresh(() => [
  part("owed", async () => (await call(`clients/${settings.client}/measures/due`)).measures, owed),
  part("timeline", loadTimeline, entry),
]);
