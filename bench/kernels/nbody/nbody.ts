// The sun and four planets, symplectic Euler with the pairs' forces: f64 arithmetic on a few cache lines.
const BODIES: i32 = 5;
const FIELDS: i32 = 7; // x y z, vx vy vz, mass
const SOLAR_MASS: f64 = 4 * Math.PI * Math.PI;
const DAYS: f64 = 365.24;

const at = memory.data(BODIES * FIELDS * 8, 16);

function put(body: i32, x: f64, y: f64, z: f64, vx: f64, vy: f64, vz: f64, mass: f64): void {
  const p = at + (body * FIELDS << 3);
  store<f64>(p, x);
  store<f64>(p, y, 8);
  store<f64>(p, z, 16);
  store<f64>(p, vx * DAYS, 24);
  store<f64>(p, vy * DAYS, 32);
  store<f64>(p, vz * DAYS, 40);
  store<f64>(p, mass * SOLAR_MASS, 48);
}

function start(): void {
  put(0, 0, 0, 0, 0, 0, 0, 1);
  put(1, 4.8414314424647209, -1.16032004402742839, -0.103622044471123109, 0.00166007664274403694, 0.00769901118419740425, -0.0000690460016972063023, 0.000954791938424326609);
  put(2, 8.34336671824457987, 4.12479856412430479, -0.403523417114321381, -0.00276742510726411, 0.00499852801234917238, 0.0000230417297573763929, 0.000285885980666130812);
  put(3, 12.8943695621391310, -15.1111514016986312, -0.223307578892655734, 0.00296460137564761618, 0.00237847173959480950, -0.0000296589568540237556, 0.0000436624404335156298);
  put(4, 15.3796971148509165, -25.9193146099879641, 0.179258772950371181, 0.00268067772490389322, 0.00162824170038242295, -0.0000951592254519715870, 0.0000515138902046611451);
}

function step(dt: f64): void {
  for (let i = 0; i < BODIES; i++) {
    const a = at + (i * FIELDS << 3);
    for (let j = i + 1; j < BODIES; j++) {
      const b = at + (j * FIELDS << 3);
      const dx = load<f64>(a) - load<f64>(b);
      const dy = load<f64>(a, 8) - load<f64>(b, 8);
      const dz = load<f64>(a, 16) - load<f64>(b, 16);
      const squared = dx * dx + dy * dy + dz * dz;
      const magnitude = dt / (squared * Math.sqrt(squared));
      const ma = load<f64>(a, 48) * magnitude;
      const mb = load<f64>(b, 48) * magnitude;
      store<f64>(a, load<f64>(a, 24) - dx * mb, 24);
      store<f64>(a, load<f64>(a, 32) - dy * mb, 32);
      store<f64>(a, load<f64>(a, 40) - dz * mb, 40);
      store<f64>(b, load<f64>(b, 24) + dx * ma, 24);
      store<f64>(b, load<f64>(b, 32) + dy * ma, 32);
      store<f64>(b, load<f64>(b, 40) + dz * ma, 40);
    }
  }
  for (let i = 0; i < BODIES; i++) {
    const a = at + (i * FIELDS << 3);
    store<f64>(a, load<f64>(a) + dt * load<f64>(a, 24));
    store<f64>(a, load<f64>(a, 8) + dt * load<f64>(a, 32), 8);
    store<f64>(a, load<f64>(a, 16) + dt * load<f64>(a, 40), 16);
  }
}

function energy(): f64 {
  let sum: f64 = 0;
  for (let i = 0; i < BODIES; i++) {
    const a = at + (i * FIELDS << 3);
    const vx = load<f64>(a, 24), vy = load<f64>(a, 32), vz = load<f64>(a, 40);
    sum += 0.5 * load<f64>(a, 48) * (vx * vx + vy * vy + vz * vz);
    for (let j = i + 1; j < BODIES; j++) {
      const b = at + (j * FIELDS << 3);
      const dx = load<f64>(a) - load<f64>(b);
      const dy = load<f64>(a, 8) - load<f64>(b, 8);
      const dz = load<f64>(a, 16) - load<f64>(b, 16);
      sum -= load<f64>(a, 48) * load<f64>(b, 48) / Math.sqrt(dx * dx + dy * dy + dz * dz);
    }
  }
  return sum;
}

/** n steps of a hundredth of a year; the bits of the energy at the end. */
export function run(n: i32): i64 {
  start();
  for (let i = 0; i < n; i++) step(0.01);
  return reinterpret<i64>(energy());
}
