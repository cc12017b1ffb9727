// Tags and attributes as people write them in a form.

export function splitTags(text: string): string[] {
  return text
    .split(/[,;|]/)
    .map((tag) => tag.trim())
    .filter(Boolean);
}

/** One a line: `city: Jaén`. */
export function linesOf(attributes: Record<string, unknown>): string {
  return Object.entries(attributes)
    .map(([name, value]) => `${name}: ${String(value)}`)
    .join("\n");
}

/** What a call says of them: `null` for those that are gone; a value that reads as before stays as it is, and of its kind. */
export function attributesOf(text: string, before: Record<string, unknown>): Record<string, unknown> {
  const gone = Object.fromEntries(Object.keys(before).map((name) => [name, null]));
  const pairs = text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean)
    .map((line): [string, unknown] => {
      const at = line.indexOf(":");
      const name = at < 0 ? line : line.slice(0, at).trim();
      const value = at < 0 ? "" : line.slice(at + 1).trim();
      return [name, String(before[name]) === value ? before[name] : value];
    });
  return { ...gone, ...Object.fromEntries(pairs) };
}
