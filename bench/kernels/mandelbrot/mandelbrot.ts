// Steps until escape, f64: one tight loop with a branch nobody foresees.
const STEPS_MAX: i32 = 200;

/** A picture of n by n points; a checksum of their steps. */
export function run(n: i32): i64 {
  let sum: i64 = 0;
  for (let row = 0; row < n; row++) {
    const ci = f64(row) / n * 2.5 - 1.25;
    for (let column = 0; column < n; column++) {
      const cr = f64(column) / n * 2.5 - 2;
      let zr: f64 = 0, zi: f64 = 0, steps = 0;
      while (steps < STEPS_MAX) {
        const rr = zr * zr, ii = zi * zi;
        if (rr + ii > 4) break;
        zi = 2 * zr * zi + ci;
        zr = rr - ii + cr;
        steps++;
      }
      sum = sum * 31 + steps;
    }
  }
  return sum;
}
