// Amounts of money as exact texts: they are never numbers with a point.

/** How many places an amount has: 2 of `49.90`. */
export function placesOf(amount: string): number {
  return amount.includes(".") ? amount.length - amount.indexOf(".") - 1 : 0;
}

/** Smallest units as an amount: 4990 with two places is `49.90`. */
export function amountOf(units: number, places: number): string {
  const digits = String(Math.abs(units)).padStart(places + 1, "0");
  const [whole, rest] = [digits.slice(0, digits.length - places), digits.slice(digits.length - places)];
  return `${units < 0 ? "-" : ""}${whole}${places > 0 ? `.${rest}` : ""}`;
}

/** An amount as people of a language write it, to the last place. */
export function written(amount: string, currency: string, language: string): string {
  if (!/^-?\d+(\.\d+)?$/.test(amount) || !/^[A-Z]{3}$/.test(currency)) return `${amount} ${currency}`;
  const places = placesOf(amount);
  const format = new Intl.NumberFormat(language, { style: "currency", currency, minimumFractionDigits: places, maximumFractionDigits: places });
  // A text is written digit by digit; as a number it would be rounded past 2^53.
  return format.format(amount as `${number}`);
}
