/* Draws the clinicians' day from the REST API, and asks again every minute. */
import { address, all, call, copy, dateOf, dayAndTime, isLost, keepFresh, nameOf, newKey, now, part, say, send, settings, takeAway, wall, words } from "./frame.js";

const session = (booking) => {
  const name = booking.client.name;
  const people = [booking.therapist, booking.psychiatrist].filter(Boolean).map((one) => one.name);
  const dose = booking.planned_session && booking.planned_session.dose_number;
  const place = booking.room ? booking.room.name : booking.appointment_type.modality === "telehealth" ? words.telehealth : "";
  const node = copy("session", {
    time: wall(booking.starts_at), ends: `– ${wall(booking.ends_at)}`, client: [name, address(settings.client_page, booking.client.id)],
    kind: [booking.appointment_type.name, dose && `${words.dose} ${dose}`].filter(Boolean).join(" · "), place: [...people, place].filter(Boolean).join(" · "), name, again: name, room: name,
    glyph: words.glyph[booking.status] || "–", status: words.status[booking.status], open: ["", address(settings.booking_page, booking.id)],
  });
  const open = booking.lights.filter((light) => ["waiting", "blocked"].includes(light.state));
  const worst = open.some((light) => light.state === "blocked") ? "blocked" : open.length ? "waiting" : booking.lights.length ? "ready" : "none";
  node.classList.add(worst);
  for (const light of worst === "ready" ? [{ state: "ready" }] : open) {
    const [glyph, state] = words.state[light.state];
    const chip = copy("chip", { glyph, word: words.light[light.name] || words.ready, state: light.name ? state : "" });
    chip.classList.add(light.state);
    node.querySelector(".chips").append(chip);
  }
  node.querySelector(".hold").hidden = !booking.on_hold;
  const details = node.querySelector("details");
  details.hidden = !booking.lights.length;
  trend(booking.client.id, node.querySelector(".trend"));
  const enter = node.querySelector(".enter");
  enter.hidden = !dose || !["arrived", "in_session", "completed"].includes(booking.status);
  enter.addEventListener("click", () => enterRoom(booking, enter));
  details.addEventListener("toggle", () => details.open && said(booking.id, details.querySelector("ul")));
  return node;
};
/** The last scores of the first questionnaire that has any: a line, and the same in words. */
const trend = async (client, box) => {
  const { series } = await call(`clients/${client}/outcomes`).catch(() => ({ series: [] }));
  if (!series.length) return;
  const totals = series[0].points.slice(-8).map((point) => point.total);
  const points = totals.map((total, place) => `${(4 + (72 * place) / Math.max(totals.length - 1, 1)).toFixed(1)},${(20 - (16 * total) / series[0].most).toFixed(1)}`);
  box.querySelector("polyline").setAttribute("points", points.join(" "));
  box.querySelector("[data-slot=scores]").textContent = `${series[0].name} ${totals.join(", ")}`;
  box.hidden = false;
};
const enterRoom = async (booking, button) => {
  button.disabled = true;
  const trouble = await send(`bookings/${booking.id}/dosing-record`, {}).then((record) => { location.href = address(settings.room_page, record.id); }, (error) => error);
  if (trouble) button.replaceWith(Object.assign(document.createElement("span"), { textContent: trouble.message, className: "wrong", role: "alert" }));
};
const said = async (id, list) => {
  const { lights } = await call(`bookings/${id}/readiness`);
  list.replaceChildren(...lights.filter((light) => light.state !== "not_needed").map((light) => {
    const who = light.said_by && `${words.said_by[light.said_by]} ${words.source[light.source]}, ${wall(light.said_at, dayAndTime)}`;
    const [glyph, state] = words.state[light.state];
    return copy("said", { light: words.light[light.name], state: `${glyph} ${state}`, how: who || light.blockers.map((one) => one.detail).join(" ") });
  }));
};
/** What a clinician has to look at; it stays until its disposition is on record. */
const alarm = async (row) => {
  const name = await nameOf(row.client);
  const seen = row.acknowledged_at ? words.taken_care_of : now() > new Date(row.acknowledge_by_at) ? words.overdue : "";
  const node = copy("alert", { client: [name, address(settings.client_page, row.client)], reason: words.alert[row.reason], since: wall(row.raised_at, dayAndTime), seen, open: ["", `${address(settings.client_page, row.client)}#alerts`], again: name });
  node.classList.add(row.severity === "high" ? "blocked" : "waiting");
  return node;
};
/** A session in which nobody has written down what was due. */
const unattended = async (row) => {
  const name = await nameOf(row.client);
  const room = address(settings.room_page, row.id);
  const node = copy("unattended", { client: [name, address(settings.client_page, row.client)], open: ["", room], again: name });
  node.classList.add("blocked");
  return node;
};
const followUp = async (row) => {
  const name = await nameOf(row.client);
  const node = copy("follow-up", {
    client: [name, address(settings.client_page, row.client)], kind: words.follow_up[row.kind], name, late: words.overdue,
    due: `${wall(row.due_from_at, dayAndTime)} – ${wall(row.due_until_at, dayAndTime)}`,
  });
  node.querySelector(".late").hidden = new Date(row.due_until_at) > now();
  const form = node.querySelector("form");
  form.hidden = !settings.closes.includes(row.kind);
  let key = newKey();
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const trouble = await send(`follow-ups/${row.id}/done`, { outcome: form.outcome.value }, { key }).then(() => null, (error) => error);
    form.querySelector(".wrong").textContent = trouble ? trouble.message : "";
    if (trouble && !isLost(trouble)) key = newKey();
    if (trouble) return;
    say(`${name}: ${words.done}`);
    takeAway(node);
  });
  return node;
};
/** Where it can be seen to. */
const placeOf = (row) => {
  if (row.kind === "prescription") return address(settings.prescription_page, row.subject);
  return address(["clearance", "screening_flag", "clinical_result"].includes(row.kind) ? settings.screening_page : settings.client_page, row.client.id);
};
const expiring = (row) => {
  const [about, page] = row.client ? [row.client.name, placeOf(row)] : [row.clinician.name];
  const used = row.supply && `${row.supply.used}/${row.supply.doses} ${words.used}`;
  const node = copy("expiring", { who: row.client ? "" : about, client: [row.client ? about : "", page], what: [words.expiring[row.kind], row.what, used].filter(Boolean).join(" · "), day: dateOf(row.ends_on) });
  node.querySelector(".used-up").hidden = row.because !== "used_up";
  node.querySelector("ul").replaceChildren(...row.blocks.map((one) => {
    const dose = one.planned_session && one.planned_session.dose_number;
    const whose = row.client ? "" : one.client.name;
    return copy("blocked", { session: [[whose, dose && `${words.dose} ${dose}`, wall(one.starts_at, dayAndTime)].filter(Boolean).join(", "), address(settings.booking_page, one.id)] });
  }));
  if (row.blocks.length) node.classList.add("blocked");
  node.querySelector(".blocks").hidden = !row.blocks.length;
  return node;
};

const mine = settings.mine && `&${settings.mine}`;
const span = (from, until) => `bookings?limit=200${mine}&from=${encodeURIComponent(from)}&until=${encodeURIComponent(until)}`;
const sessions = async (from, until) => (await all(span(from, until))).filter((row) => row.lights.length || row.completed_at);
keepFresh(() => [
  part("alerts", () => Promise.all([all("dosing-records?unattended=true&limit=200"), all("safety-alerts?is_open=true&limit=200")]).then((both) => both.flat()), (row) => ("planned_session" in row ? unattended(row) : alarm(row))),
  part("today", () => sessions(settings.from, settings.day_ends), session),
  part("tomorrow", () => sessions(settings.day_ends, settings.until), session),
  part("follow-ups", () => all(`follow-ups?is_done=false&limit=200&due_before=${encodeURIComponent(settings.day_ends)}`), followUp),
  ...settings.expires_within_days ? [part("expiring", () => all(`expiring?limit=200&days=${settings.expires_within_days}`), expiring)] : [],
]);
