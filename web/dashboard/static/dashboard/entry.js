/* From the fields of a form to the body of a request. */
import { now, settings } from "./frame.js";

const WALL = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: settings.zone });
const minutesOf = (text) => { const [hours, minutes] = text.split(":").map(Number); return hours * 60 + minutes; };
/** The last instant at which the clinic's clock showed this time, at most a day ago. */
const lastAt = (text) => {
  const whole = new Date(Math.floor(now() / 60_000) * 60_000);
  const back = (from) => (minutesOf(WALL.format(from)) - minutesOf(text) + 1440) % 1440;
  const found = new Date(whole - back(whole) * 60_000);
  const off = (minutesOf(WALL.format(found)) - minutesOf(text) + 2160) % 1440 - 720; // a change of the clock in between
  return new Date(found - off * 60_000).toISOString();
};
const PARTS = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short", timeZone: settings.zone });
/** The instant at which the clinic's clocks show this day and time, such as "2026-11-23T09:30". */
const instantOf = (text) => {
  const wanted = new Date(`${text}Z`);
  const behind = (at) => wanted - new Date(`${PARTS.format(at).replace(" ", "T")}Z`);
  const near = new Date(+wanted + behind(wanted));
  return new Date(+near + behind(near)).toISOString();
};
/** What is no number goes as it is: the server says so in its own words. */
const numberOf = (text) => Number.isNaN(Number(text)) ? text : Number(text);
const READ = {
  number: numberOf, truth: (text) => text === "yes", time: lastAt, moment: instantOf, id: numberOf, text: (text) => text,
};

/** The body for the API, without what was left empty, and what to call the entry. */
export const bodyOf = (form, { label, ...extra } = {}) => {
  const body = { ...extra };
  for (const field of form.elements) {
    const { name, value, type, dataset } = field;
    if (!name || field.matches(":disabled") || type === "submit" || (type === "radio" && !field.checked)) continue;
    if (dataset.as === "answer") body.cssrs_answers = { ...body.cssrs_answers, [dataset.item]: Number(value) };
    else if (dataset.as === "list") body[name] = [...body[name] || [], ...field.checked ? [value] : []];
    else if (type === "checkbox") body[name] = field.checked;
    else if (value.trim()) body[name] = READ[dataset.as || "text"](value.trim());
  }
  const { stamp } = form.dataset;
  if (stamp && !body[stamp]) body[stamp] = now().toISOString();
  return { body, label: label || labelOf(form, body) };
};
const labelOf = (form, body) => {
  if (!("systolic" in body)) return form.dataset.label;
  return `${form.dataset.label} ${body.systolic}/${body.diastolic} · ${body.heart_rate}${body.spo2 ? ` · ${body.spo2} %` : ""}`;
};

/** "138/86 82 97" typed into the first of the four; whether it was. */
export const fillVitals = (four) => {
  const found = four[0].value.match(/^\s*(\d{2,3})\D+(\d{2,3})\D+(\d{2,3})(?:\D+(\d{2,3})\D*)?$/);
  if (found) four.forEach((field, place) => { field.value = found[place + 1] || ""; });
  return Boolean(found);
};
/** Questions that depend on the answer to another are asked when that is yes, and not sent when they are not. */
export const screen = (page) => {
  for (const group of page.querySelectorAll("[data-asked-if]")) {
    const isAsked = Boolean(group.form && group.form.querySelector(`[data-item="${group.dataset.askedIf}"][value="1"]:checked`));
    group.hidden = group.disabled = !isAsked;
  }
};
