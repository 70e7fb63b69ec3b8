/* What is due, and the little forms that settle it. */
import { address, call, copy, dayAndTime, isLost, keepFresh, newKey, part, say, send, settings, takeAway, wall, words } from "./frame.js";
import { reasonsOf } from "./live.js";

/** Send a form; what it was refused for is shown in it. The key is one until it worked: sent twice, done once. */
const onSubmit = (node, work) => {
  const form = node.matches("form") ? node : node.querySelector("form");
  let key = newKey();
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const wrong = form.querySelector(".wrong");
    wrong.textContent = "";
    try {
      await work(form, key, event.submitter);
      key = newKey();
    } catch (trouble) {
      wrong.replaceChildren(...reasonsOf(trouble).map((one) => Object.assign(document.createElement("span"), { textContent: `${one.detail} ` })));
      if (!isLost(trouble)) key = newKey();
    }
  });
  return node;
};
const values = (form, ...names) => Object.fromEntries(names.map((name) => [name, form.elements[name].value]));
const settled = (item, row, text) => { say(`${row.client.name}: ${text}`); takeAway(item); };

const forms = {
  follow_up: (row, item, name) => [
    onSubmit(copy("attempt", { name }), async (form, key) => {
      await send(`follow-ups/${row.id}/attempts`, values(form, "how", "reached", "note"), { key });
      say(`${name}: ${words.kept}`);
      form.closest("details").open = false;
      form.reset();
      refresh();
    }),
    ...(settings.closes.includes(row.codes[0]) ? [onSubmit(copy("snooze", { name }), async (form, key) => {
      await send(`follow-ups/${row.id}/snooze`, values(form, "until_on"), { key });
      settled(item, row, words.put_off);
    }),
    onSubmit(copy("done", { name }), async (form, key) => {
      await send(`follow-ups/${row.id}/done`, values(form, "outcome", "result"), { key });
      settled(item, row, words.done);
    })] : []),
  ],
  note: (row, item, name) => [noteForm(row, item, name)],
  review: (row, item, name) => settings.decides ? [onSubmit(copy("review", { name }), async (form, key) => {
    const { plan } = await call(`planned-sessions/${row.id}`);
    await send(`treatment-plans/${plan}/review`, { ...values(form, "decision", "note"), planned_session: row.id }, { key });
    settled(item, row, words.done);
  })] : [],
  course_hold: (row, item, name) => settings.decides ? [onSubmit(copy("hold", { name }), async (form, key) => {
    await send(`course-holds/${row.id}/release`, values(form, "disposition", "note"), { key });
    settled(item, row, words.done);
  })] : [],
};
/** A draft is begun with its first save. Who saved it elsewhere meanwhile loses nothing: both texts are shown. */
const noteForm = (row, item, name) => {
  const node = copy("note", { name });
  let note = null;
  node.addEventListener("toggle", async () => {
    if (!node.open || note || !row.note) return;
    note = await call(`session-notes/${row.note}`);
    node.querySelector("[name=text]").value = note.text;
  });
  return onSubmit(node, async (form, key, button) => {
    const { text } = values(form, "text");
    try {
      if (!note) note = await send("session-notes", { booking: row.id, text }, { key });
      else if (note.text !== text) note = await send(`session-notes/${note.id}`, { text }, { method: "PATCH", revision: note.revision });
    } catch (trouble) {
      const [theirs] = trouble.status === 412 ? trouble.body.alternatives : [];
      if (theirs) {
        note = { ...note, ...theirs };
        form.querySelector(".other").hidden = false;
        form.querySelector(".other textarea").value = theirs.text;
      }
      throw trouble;
    }
    if (button.value !== "sign") return say(`${name}: ${words.kept}`);
    await send(`session-notes/${note.id}/sign`, { revision: note.revision });
    return settled(item, row, words.signed);
  });
};

const draw = (row) => {
  const name = row.client.name;
  const page = row.kind === "safety_alert" ? `${address(settings.client_page, row.client.id)}#alerts` : address(settings.dashboard_client, row.client.id);
  const [glyph, pressing] = words.pressing[row.pressing];
  const codes = row.codes.map((code) => words.code[code] || code).join(", ");
  const item = copy("item", {
    client: [name, address(settings.dashboard_client, row.client.id)], what: row.kind === "follow_up" ? codes : [words.kind[row.kind], codes].filter(Boolean).join(": "), glyph, pressing,
    due: [row.due_until_at && `${words.until} ${wall(row.due_until_at, dayAndTime)}`, row.pressing === "due" && row.hours_left !== null && `${row.hours_left} ${words.hours_left}`].filter(Boolean).join(" · "),
    more: [row.agreed, row.attempt_count && `${row.attempt_count} ${words.attempts} ${wall(row.last_attempt_at, dayAndTime)} (${words.how[row.last_attempt_how]})`, row.booked_at && `${words.booked} ${wall(row.booked_at, dayAndTime)}`].filter(Boolean).join(" · "),
  });
  item.querySelector(".chip").classList.add({ safety: "blocked", overdue: "blocked", due: "waiting", soon: "ready" }[row.pressing]);
  const work = (settings.follows_up || row.kind === "follow_up") && forms[row.kind] ? forms[row.kind](row, item, name) : [copy("open", { open: ["", page], name })];
  item.querySelector(".do").append(...work);
  return item;
};
const refresh = keepFresh(() => [part("due", async () => (await call("follow-ups/due")).items, draw)]);
