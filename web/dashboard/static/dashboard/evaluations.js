/* Draws who waits for a prescriber's decision: facts with their sources, what is missing, and the way to decide. */
import { address, all, copy, dateOf, dayAndTime, keepFresh, newKey, part, say, send, settings, wall, words } from "./frame.js";
import { reasonsOf } from "./live.js";

const STAGES = ["ready_to_decide", "waiting_on_client", "new"];

const flag = (row) => {
  const node = copy("flag", {
    fact: row.fact, effect: words.effect[row.effect], needs: row.needs && `· ${row.needs}`,
    source: `${words.answer}: ${row.answer}, ${wall(row.filled_at, { dateStyle: "medium", timeZone: settings.zone })} · ${row.source}`,
  });
  const made = row.disposition;
  node.querySelector("[data-slot=made]").textContent = made
    ? [words.decision[made.decision], made.valid_through_on && `${words.look_again} ${dateOf(made.valid_through_on)}`, made.reason].filter(Boolean).join(" · ")
    : "";
  node.classList.add(made ? "waiting" : row.effect === "note" ? "not_needed" : "blocked");
  return node;
};
/** What a decision would block and free: made for real by the server, and undone. */
const tried = (node, row) => {
  const form = node.querySelector(".meaning form"), out = form.querySelector(".touched"), wrong = form.querySelector(".wrong");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    out.replaceChildren();
    wrong.replaceChildren();
    const decision = form.elements.decision.value, through = form.elements.valid_through_on.value || null;
    const open = row.flags.filter((one) => !one.disposition || one.disposition.decision === "not_now" || one.disposition.valid_through_on < settings.today);
    const flags = through && ["cleared", "conditional"].includes(decision) ? open.map((one) => ({ flag: one.id, decision: "accepted", reason: words.tried, valid_through_on: through, replaces: one.disposition && one.disposition.id })) : [];
    const body = { client: row.client, decision, valid_from_on: settings.today, valid_through_on: through, flags };
    await send("clearances/preview", body).then((found) => {
      const lines = ["blocks", "frees", "stays_blocked"].map((name) => {
        const when = found[name].map((one) => wall(one.starts_at, dayAndTime)).join("; ");
        return line(`${words[name]}: ${found[name].length || words.none}${when && ` (${when})`}`, name === "blocks" && when ? "note blocked" : "");
      });
      out.replaceChildren(...lines);
    }, (trouble) => wrong.replaceChildren(...reasonsOf(trouble).map((one) => line(one.detail))));
  });
};
const line = (text, className = "") => Object.assign(document.createElement("p"), { textContent: text, className });
const item = (text, source) => copy("medicine", { text, source });

const evaluation = (row) => {
  const name = row.client_name;
  const node = copy("evaluation", {
    client: [name, address(settings.client_page, row.client)], name, again: name, tried: name, whose: name,
    referred: `${words.referred_by} ${row.referred_by_name}, ${wall(row.referred_at, { dateStyle: "medium", timeZone: settings.zone })}`,
    filled: `${row.filled}/${row.needed}`, missing: row.missing.map((one) => one.title).join(", "),
    decide: ["", address(settings.decide_page, row.client)], screening: ["", address(settings.screening_page, row.client)],
  });
  node.querySelector(".missing").hidden = !row.missing.length;
  node.querySelector(".flags").replaceChildren(...row.flags.map(flag));
  node.querySelector(".medicines").replaceChildren(
    ...row.interactions.map((one) => item(`${one.name}: ${one.effect} ${one.advice}`, one.source)),
    ...row.unclassified.map((one) => item(`${one.name}: ${words.unclassified}`, "")),
  );
  node.querySelector("[data-slot=decide]").hidden = !settings.decides;
  node.querySelector(".meaning").hidden = !settings.decides;
  tried(node, row);
  const ask = node.querySelector("[data-do=ask]"), key = newKey();
  ask.hidden = row.stage !== "new";
  ask.addEventListener("click", async () => {
    const trouble = await send(`evaluations/${row.id}/ask`, {}, { key }).then(() => null, (error) => error);
    node.querySelector(".wrong").textContent = trouble ? trouble.message : "";
    if (trouble) return;
    say(`${name}: ${words.asked}`);
    ask.blur();
    draw();
  });
  return node;
};

let loading = null;
const rows = () => (loading ||= all("evaluations?is_open=true&limit=200").finally(() => { loading = null; }));
const draw = keepFresh(() => STAGES.map((stage) => part(stage, async () => (await rows()).filter((row) => row.stage === stage), evaluation)));
