/* Draws who waits for a prescriber's decision: facts with their sources, what is missing, and the way to decide. */
import { address, all, copy, dateOf, keepFresh, newKey, part, say, send, settings, wall, words } from "./frame.js";

const STAGES = ["ready_to_decide", "waiting_on_client", "new"];

const flag = (row) => {
  const node = copy("flag", {
    fact: row.fact, effect: words.effect[row.effect], needs: row.needs,
    source: `${words.answer}: ${row.answer}, ${wall(row.filled_at, { dateStyle: "medium", timeZone: settings.zone })} · ${row.source}`,
  });
  const made = row.disposition;
  node.querySelector("[data-slot=made]").textContent = made
    ? [words.decision[made.decision], made.valid_through_on && `${words.look_again} ${dateOf(made.valid_through_on)}`, made.reason].filter(Boolean).join(" · ")
    : "";
  node.classList.add(made ? "waiting" : row.effect === "note" ? "not_needed" : "blocked");
  return node;
};
const item = (text, source) => copy("medicine", { text, source });

const evaluation = (row) => {
  const name = row.client_name;
  const node = copy("evaluation", {
    client: [name, address(settings.client_page, row.client)], name, again: name,
    referred: `${words.referred_by} ${row.referred_by_name}, ${wall(row.referred_at, { dateStyle: "medium", timeZone: settings.zone })}`,
    filled: `${row.filled}/${row.needed}`, missing: row.missing.map((one) => one.title).join(", "),
    decide: ["", address(settings.decide_page, row.client)],
  });
  node.querySelector(".missing").hidden = !row.missing.length;
  node.querySelector(".flags").replaceChildren(...row.flags.map(flag));
  node.querySelector(".medicines").replaceChildren(
    ...row.interactions.map((one) => item(`${one.name}: ${one.effect} ${one.advice}`, one.source)),
    ...row.unclassified.map((one) => item(`${one.name}: ${words.unclassified}`, "")),
  );
  node.querySelector("[data-slot=decide]").hidden = !settings.decides;
  const ask = node.querySelector("button"), key = newKey();
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
