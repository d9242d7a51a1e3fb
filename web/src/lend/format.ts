/** Millionths of a credit as people read them: `0.000412`, `1.25`, `310`. */
export function formatCredits(millionths: bigint): string {
  const credits = Number(millionths) / 1e6;
  const size = Math.abs(credits);
  if (size === 0) return '0';
  return size >= 100 ? credits.toFixed(0) : size >= 1 ? credits.toFixed(2) : credits.toFixed(size >= 0.01 ? 4 : 6);
}

/** Fuel by thousands: `812`, `1.2 M`. */
export function formatFuel(fuel: bigint): string {
  const units = ['', ' k', ' M', ' G', ' T'];
  let value = Number(fuel);
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)}${units[unit]}`;
}

export function formatPercent(share: number): string {
  return `${share > 0 && share < 0.1 ? (share * 100).toFixed(1) : Math.round(share * 100)} %`;
}
