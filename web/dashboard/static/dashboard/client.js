/* One client: what is to be answered, forms to fill, the doses and the timeline, page by page. */
import { drawForm, loadForms } from "./health_forms.js";
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
const dose = (one) => {
  const [glyph, status] = words.dose_status[one.status];
  const { planned_session: session, prescription } = one;
  return copy("dose", {
    session: `${words.dose_number} ${session.dose_number}${one.number > 1 ? `.${one.number}` : ""}`, glyph, status, at: one.at ? wall(one.at, dayAndTime) : "",
    given: [one.amount && `${Number(one.amount)} ${words.unit[one.unit]}`, words.route[one.route], one.is_self_administered && words.self_administered].filter(Boolean).join(", "),
    from: [prescription && prescription.drug, one.lot_number && `${words.lot} ${one.lot_number}`, one.adverse_events && `${words.adverse_events} ${one.adverse_events}`].filter(Boolean).join(" · "),
  });
};
/** A list that is read page by page: how to load the first, which the button brings the next of. */
const paged = (id, button, address, draw) => {
  const more = document.getElementById(button);
  let next = null, first = "";
  const shown = (page) => {
    next = page.next;
    more.hidden = !next;
    return page.results;
  };
  /** The first page, looked at again: while it is the same, the button goes on from where it was. */
  const begun = (page) => {
    const text = JSON.stringify(page.results);
    if (text === first) return page.results;
    first = text;
    return shown(page);
  };
  more.addEventListener("click", async () => {
    const page = await call(next.split("/api/v1/")[1]).catch(() => null);
    if (!page) return;
    const nodes = shown(page).map(draw);
    document.querySelector(`#${id} .list`).append(...nodes);
    nodes[0].tabIndex = -1;
    nodes[0].focus();
  });
  return async () => begun(await call(address()));
};
const between = document.getElementById("doses-between");
const dosesAddress = () => {
  const days = new URLSearchParams([...new FormData(between)].filter(([, day]) => day));
  return `clients/${settings.client}/doses?${new URLSearchParams([...days, ["limit", 20]])}`;
};
const loadDoses = paged("doses", "more-doses", dosesAddress, dose);
const loadTimeline = paged("timeline", "older", () => `clients/${settings.client}/timeline`, entry);
between.addEventListener("submit", async (event) => {
  event.preventDefault();
  const wrong = between.querySelector(".wrong");
  wrong.textContent = "";
  document.activeElement.blur();
  await loadDoses().then((rows) => {
    document.querySelector("#doses .list").replaceChildren(...rows.map(dose));
    document.querySelector("#doses .empty").hidden = rows.length > 0;
  }, (trouble) => { wrong.textContent = trouble.message; });
});
keepFresh(() => [
  part("owed", async () => (await call(`clients/${settings.client}/measures/due`)).measures, owed),
  part("doses", loadDoses, dose),
  part("forms", loadForms, drawForm),
  part("timeline", loadTimeline, entry),
]);
