/* Draws the clinicians' day from the REST API, and asks again every minute. */
"use strict";
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const [settings, words] = [read("settings"), read("words")];
  const csrf = document.querySelector("[name=csrfmiddlewaretoken]").value;
  const ahead = new Date(settings.now) - new Date(); // a demo's clock may be ahead of this one
  const now = () => new Date(Date.now() + ahead);
  const timeOfDay = { hour: "numeric", minute: "2-digit", timeZone: settings.zone };
  const dayAndTime = { weekday: "short", month: "short", day: "numeric", ...timeOfDay };
  const wall = (at, options = timeOfDay) => new Intl.DateTimeFormat(document.documentElement.lang, options).format(new Date(at));
  const page = (address, id) => address.replace(settings.any_id, id);
  const [names, drawn] = [new Map(), new Map()];
  let freshAt = null;
  /** A copy of a template, its slots filled with text or, for links, text and address. */
  const copy = (id, values) => {
    const node = document.getElementById(`t-${id}`).content.firstElementChild.cloneNode(true);
    for (const [slot, value] of Object.entries(values || {})) {
      const target = node.querySelector(`[data-slot=${slot}]`);
      const [text, address] = [value].flat();
      if (text) target.textContent = text;
      if (address) target.href = address;
    }
    return node;
  };
  const call = async (path, options = {}) => {
    const answer = await fetch(`/api/v1/${path}`, { headers: { Accept: "application/json" }, ...options }).catch(() => null);
    if (answer && answer.status === 401) location.reload();
    const body = answer && await answer.json().catch(() => ({}));
    if (!answer) throw new Error(words.no_answer);
    if (!answer.ok) throw new Error(body.detail || words.no_answer);
    return body;
  };
  const all = async (path) => {
    const { results, next } = await call(path);
    return next ? results.concat(await all(next.split("/api/v1/")[1])) : results;
  };
  const nameOf = async (id) => {
    if (!names.has(id)) names.set(id, (await call(`clients/${id}`)).display_name);
    return names.get(id);
  };

  const session = (booking) => {
    const name = booking.client.name;
    const people = [booking.therapist, booking.psychiatrist].filter(Boolean).map((one) => one.name);
    const dose = booking.planned_session && booking.planned_session.dose_number;
    const place = booking.room ? booking.room.name : booking.appointment_type.modality === "telehealth" ? words.telehealth : "";
    const node = copy("session", {
      time: wall(booking.starts_at), ends: `– ${wall(booking.ends_at)}`, client: [name, page(settings.client_page, booking.client.id)],
      kind: [booking.appointment_type.name, dose && `${words.dose} ${dose}`].filter(Boolean).join(" · "), place: [...people, place].filter(Boolean).join(" · "), name, again: name,
      glyph: words.glyph[booking.status] || "–", status: words.status[booking.status], open: ["", page(settings.booking_page, booking.id)],
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
    details.addEventListener("toggle", () => details.open && said(booking.id, details.querySelector("ul")));
    return node;
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
    const node = copy("alert", { client: [name, page(settings.client_page, row.client)], reason: words.alert[row.reason], since: wall(row.raised_at, dayAndTime), seen, open: ["", `${page(settings.client_page, row.client)}#alerts`], again: name });
    node.classList.add(row.severity === "high" ? "blocked" : "waiting");
    return node;
  };
  const followUp = async (row) => {
    const name = await nameOf(row.client);
    const node = copy("follow-up", {
      client: [name, page(settings.client_page, row.client)], kind: words.follow_up[row.kind], name, late: words.overdue,
      due: `${wall(row.due_from_at, dayAndTime)} – ${wall(row.due_until_at, dayAndTime)}`,
    });
    node.querySelector(".late").hidden = new Date(row.due_until_at) > now();
    const form = node.querySelector("form");
    form.hidden = !settings.follows_up;
    const key = [...crypto.getRandomValues(new Uint32Array(4))].join("-"); // sent twice, it is done once
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const headers = { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": csrf, "Idempotency-Key": key };
      const body = JSON.stringify({ outcome: form.outcome.value });
      const trouble = await call(`follow-ups/${row.id}/done`, { method: "POST", headers, body }).then(() => null, (error) => error);
      form.querySelector(".wrong").textContent = trouble ? trouble.message : "";
      if (trouble) return;
      document.getElementById("status").textContent = `${name}: ${words.done}`;
      (node.nextElementSibling || node.previousElementSibling || document.getElementById("main")).querySelector("input, a").focus();
      node.remove();
    });
    return node;
  };
  const expiring = async ([what, row]) => copy("expiring", {
    client: [await nameOf(row.client), page(settings.client_page, row.client)], what: words[what],
    day: wall(row.valid_through_on, { dateStyle: "medium", timeZone: "UTC" }),
  });
  const loadExpiring = async () => {
    const [prescriptions, clearances] = await Promise.all([all("prescriptions?status=active&limit=200"), all("clearances?limit=200")]);
    const rows = [...prescriptions.map((row) => ["prescription", row]), ...clearances.filter((row) => !row.superseded_at).map((row) => ["clearance", row])];
    const soon = ([, row]) => row.valid_through_on && row.valid_through_on >= settings.today && row.valid_through_on <= settings.expires_before;
    return rows.filter(soon).sort(([, one], [, other]) => one.valid_through_on.localeCompare(other.valid_through_on));
  };
  /** Load one part of the page; while somebody works in it, leave it as it is. */
  const part = async (id, load, draw) => {
    const box = document.getElementById(id);
    const list = box.querySelector(".list");
    const bones = setTimeout(() => { if (!drawn.has(id)) list.replaceChildren(copy("loading")); }, 300);
    try {
      const rows = await load();
      const isBusy = box.contains(document.activeElement) || box.querySelector("details[open]");
      if (drawn.get(id) === JSON.stringify(rows) || (drawn.has(id) && isBusy)) return true;
      list.replaceChildren(...await Promise.all(rows.map(draw)));
      box.querySelector(".empty").hidden = rows.length > 0;
      box.classList.toggle("pressing", id === "alerts" && rows.length > 0);
      drawn.set(id, JSON.stringify(rows));
      return true;
    } catch (trouble) {
      const error = copy("error", { text: trouble.message });
      error.querySelector("button").addEventListener("click", refresh);
      if (!drawn.has(id)) list.replaceChildren(error);
      return false;
    } finally { clearTimeout(bones); box.removeAttribute("aria-busy"); }
  };
  const refresh = async () => {
    if (now() >= new Date(settings.day_ends)) location.reload();
    const mine = settings.mine && `&${settings.mine}`;
    const span = (from, until) => `bookings?limit=200${mine}&from=${encodeURIComponent(from)}&until=${encodeURIComponent(until)}`;
    const sessions = async (from, until) => (await all(span(from, until))).filter((row) => row.lights.length || row.completed_at);
    const parts = [
      part("alerts", () => all("safety-alerts?is_open=true&limit=200"), alarm),
      part("today", () => sessions(settings.from, settings.day_ends), session),
      part("tomorrow", () => sessions(settings.day_ends, settings.until), session),
      part("follow-ups", () => all(`follow-ups?is_done=false&limit=200&due_before=${encodeURIComponent(settings.day_ends)}`), followUp),
    ];
    if (settings.expires_before) parts.push(part("expiring", loadExpiring, expiring));
    const worked = (await Promise.all(parts)).every(Boolean);
    const stale = document.getElementById("stale");
    if (worked) stale.querySelector("[data-slot=since]").textContent = wall(freshAt = now());
    stale.hidden = worked || !freshAt;
  };

  refresh();
  setInterval(() => { if (!document.hidden) refresh(); }, 60_000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
})();
