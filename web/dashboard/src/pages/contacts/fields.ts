// Tags and attributes as people write them in a form.

/** Tags that are known may hold what parts others. */
export function splitTags(text: string, known: readonly string[] = []): string[] {
  const whole: string[] = [];
  let rest = `,${text},`;
  for (const tag of known.filter((tag) => /[,;|]/.test(tag))) {
    if (!rest.includes(`,${tag},`) && !rest.includes(`, ${tag},`)) continue;
    whole.push(tag);
    rest = rest.replace(`, ${tag},`, ",").replace(`,${tag},`, ",");
  }
  const others = rest.split(/[,;|]/).map((tag) => tag.trim());
  return [...whole, ...others.filter(Boolean)];
}

/** Stands for the end of a line within a value. */
const BREAK = "↵";

/** One a line: `city: Jaén`. */
export function linesOf(attributes: Record<string, unknown>): string {
  return Object.entries(attributes)
    .map(([name, value]) => `${name}: ${inLine(value)}`)
    .join("\n");
}

function inLine(value: unknown): string {
  return String(value).replace(/\r?\n|\r/g, BREAK);
}

/** What a call says of them: `null` for those that are gone; a line that reads as before stays as it is, and of its kind. */
export function attributesOf(text: string, before: Record<string, unknown>): Record<string, unknown> {
  const gone = Object.keys(before).map((name): [string, unknown] => [name, null]);
  const pairs = text
    .split("\n")
    .filter((line) => line.trim())
    .map((line): [string, unknown] => {
      const at = line.indexOf(":");
      const name = (at < 0 ? line : line.slice(0, at)).trim();
      const value = at < 0 ? "" : line.slice(at + 1).trim();
      const isAsBefore = Object.hasOwn(before, name) && inLine(before[name]).trim() === value;
      return [name, isAsBefore ? before[name] : value.replaceAll(BREAK, "\n")];
    });
  return Object.fromEntries([...gone, ...pairs]);
}
