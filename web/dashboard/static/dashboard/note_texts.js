/* Two texts of one note, and what each has: `base` is what both began with, or null. */
import { words } from "./frame.js";

const isAdded = (base, mine) => base !== null && mine.startsWith(base);
/** What `mine` has and `theirs` has not: what was added to the same beginning, else all of it. */
export const lacking = (base, mine, theirs) => {
  const own = (isAdded(base, mine) ? mine.slice(base.length) : mine).trim();
  return theirs.includes(own) || theirs.includes(mine.trim()) ? "" : own;
};
/** Both texts in one: what was added to the same beginning is added, everything else stands below it whole. */
export const together = (base, mine, theirs) => {
  const own = lacking(base, mine, theirs);
  if (!own) return theirs;
  return `${theirs.trimEnd()}\n\n${isAdded(base, mine) ? own : `— ${words.note_both} —\n${mine}`}`;
};
