/* The screening forms of one client: how far they are, and sending them. What was answered is not shown here. */
import { address, call, copy, dayAndTime, isLost, newKey, say, send, settings, wall, words } from "./frame.js";

const ENDED = ["done", "withdrawn"];
const looks = (stage) => ({ done: "ready", not_sent: "blocked", not_known: "blocked", replaced: "blocked", expired: "blocked" }[stage] || "waiting");
const glyphs = { ready: "✓", waiting: "…", blocked: "✕" };

/** Each form in use, with the last sheet and the last filled one; a sheet of a version before it counts too. */
export const loadForms = async () => {
  const [forms, sheets, filled] = await Promise.all([
    call("screening-forms?is_usable=true"), call(`screening-sheets?client=${settings.client}`), call(`screenings?client=${settings.client}&is_current=true`),
  ]);
  const versions = forms.results.length ? (await call("screening-forms")).results : [];
  const codeOf = (id) => versions.find((version) => version.id === id)?.code;
  return forms.results.map(({ id, code, name }) => ({
    id, code, name, sheet: sheets.results.find((sheet) => codeOf(sheet.form) === code), filled: filled.results.find((one) => codeOf(one.form) === code),
  }));
};

const more = ({ sheet, filled }) => [
  sheet && !ENDED.includes(sheet.stage) && [
    `${words.asked} ${wall(sheet.asked_at, dayAndTime)}`,
    sheet.answered_count > 0 && `${sheet.answered_count} ${words.of} ${sheet.question_count}`,
    sheet.answered_at && `${words.last_answer} ${wall(sheet.answered_at, dayAndTime)}`,
    `${words.open_until} ${wall(sheet.expires_at, dayAndTime)}`,
  ],
  filled && `${words.filled} ${wall(filled.filled_at, dayAndTime)}`,
].flat().filter(Boolean).join(" · ");

export const drawForm = (row) => {
  const stage = row.sheet && row.sheet.stage !== "withdrawn" ? row.sheet.stage : row.filled ? "done" : "";
  const look = looks(stage);
  const node = copy("form", {
    name: row.name, glyph: glyphs[look], stage: words.stage[stage] || words.not_asked, more: more(row),
    fill: ["", address(settings.fill_page.replace(settings.any_code, row.code), settings.client)],
  });
  node.querySelector(".chip").classList.add(look);
  const isOpen = row.sheet && !ENDED.includes(row.sheet.stage);
  node.querySelector("[data-do=withdraw]").hidden = !isOpen;
  const keys = {}; // one for each thing to do, while its answer is not known: sent twice, done once
  node.addEventListener("click", async ({ target }) => {
    const what = target.dataset.do;
    if (!what) return;
    const wrong = node.querySelector(".wrong");
    wrong.textContent = "";
    try {
      const key = keys[what] ||= newKey();
      const sheet = what === "withdraw"
        ? await send(`screening-sheets/${row.sheet.id}/withdraw`, {}, { key })
        : await send("screening-sheets", { client: settings.client, form: row.id, delivery: what }, { key });
      const again = drawForm({ ...row, sheet });
      if (sheet.address) {
        again.querySelector(".address").hidden = false;
        again.querySelector(".address input").value = sheet.address;
      }
      node.replaceWith(again);
      again.querySelector(sheet.address ? ".address input" : "button").focus();
      again.querySelector(".address input").select();
      say(`${row.name}: ${words.stage[sheet.stage]}`);
    } catch (trouble) {
      wrong.textContent = trouble.message;
      if (!isLost(trouble)) delete keys[what];
    }
  });
  return node;
};
