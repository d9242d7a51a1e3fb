import type { Runtime } from '../src/edge/boot';
import { CHUNK_BYTES, CHUNK_HEIGHT, Action, BodyFlag, BodyKind, Button, Connection, emptyBody, EYE_HEIGHT, FrameFlag, FrameOutput, OtherFlag, readInput, writeOutput, type Body, type Person } from '../src/edge/frame';
import { DEFAULT_KINDS } from '../src/game/blocks';
import { developmentPhoto } from './photo';

/** A stand-in for C# while the picture is worked on: a noise terrain, a body that floats over it, bots that walk in circles. Not the game's rules. */
const WATER = 22;
const WATER_KIND = 6;
const PLANKS_KIND = 10;
/** Frames of the made-up physics: bodies fall straight onto blocks. */
const BODY_FRAME_MS = 100;
const BOTS = [
  { name: 'Ada', peer: 'a1'.repeat(16), radius: 5, speed: 3.2, flags: OtherFlag.Direct },
  { name: 'Grace', peer: '3c'.repeat(16), radius: 8, speed: 4.3, flags: OtherFlag.Direct },
  { name: 'Edsger W. Dijkstra', peer: 'e7'.repeat(16), radius: 11, speed: 1.4, flags: OtherFlag.Relay },
  { name: 'Barbara', peer: '59'.repeat(16), radius: 3.2, speed: 0, flags: OtherFlag.Direct },
];

export function developmentRuntime(): Runtime {
  const chunks = new Map<string, Uint8Array>();
  const named = new Set<string>();
  const query = new URLSearchParams(location.search);
  const frame = new FrameOutput();
  const photo = developmentPhoto(query);
  const bodies: Body[] = [];
  let bodyFrame = 0;
  const body = { x: 8.5, y: 0, z: 8.5, vy: 0 };
  body.y = surface(8, 8) + 1;
  let lastMs = 0;
  let edits: string[] = [];

  const chunkAt = (cx: number, cz: number) => {
    const key = `${cx},${cz}`;
    let blocks = chunks.get(key);
    if (!blocks) chunks.set(key, (blocks = generate(cx, cz)));
    return blocks;
  };
  const at = (x: number, y: number, z: number) => (y < 0 || y >= CHUNK_HEIGHT ? 0 : chunkAt(x >> 4, z >> 4)[(y * 16 + (z & 15)) * 16 + (x & 15)]!);
  const solid = (x: number, y: number, z: number) => at(Math.floor(x), Math.floor(y), Math.floor(z)) !== 0 && at(Math.floor(x), Math.floor(y), Math.floor(z)) !== WATER_KIND;
  const put = (x: number, y: number, z: number, kind: number) => {
    if (y < 0 || y >= CHUNK_HEIGHT) return;
    const blocks = chunkAt(x >> 4, z >> 4).slice();
    blocks[(y * 16 + (z & 15)) * 16 + (x & 15)] = kind;
    chunks.set(`${x >> 4},${z >> 4}`, blocks);
    edits.push(`${x >> 4},${z >> 4}`);
  };
  const free = (x: number, y: number, z: number) => [-0.3, 0.3].every((dx) => [-0.3, 0.3].every((dz) => !solid(x + dx, y, z + dz) && !solid(x + dx, y + 1.6, z + dz)));

  return {
    Frame: {
      start: () => {},
      blocks: () => JSON.stringify(DEFAULT_KINDS),
      people: () => JSON.stringify(BOTS.map(({ name, peer }, i): Person => ({ handle: i + 1, peer, name }))),
      chunk: (x, z) => chunkAt(x, z),
      receive: () => {},
      trace: () => '{"sent":[],"heard":[]}',
      photoAsk: (json) => photo.ask(json),
      photoCancel: () => photo.cancel(),
      photoTake: () => photo.take(),
      step: (nowMs, bytes) => {
        const input = readInput(bytes);
        const deltaS = Math.min(0.05, (nowMs - (lastMs || nowMs)) / 1000);
        lastMs = nowMs;
        const on = (bit: number) => ((input.buttons & bit) !== 0 ? 1 : 0);
        const ahead = on(Button.Forward) - on(Button.Back);
        const aside = on(Button.Right) - on(Button.Left);
        const speed = on(Button.Run) ? 7 : 4.3;
        const dx = (-Math.sin(input.yaw) * ahead + Math.cos(input.yaw) * aside) * speed * deltaS;
        const dz = (-Math.cos(input.yaw) * ahead - Math.sin(input.yaw) * aside) * speed * deltaS;
        if (free(body.x + dx, body.y, body.z)) body.x += dx;
        else if (free(body.x + dx, body.y + 1, body.z)) body.vy = 6;
        if (free(body.x, body.y, body.z + dz)) body.z += dz;
        else if (free(body.x, body.y + 1, body.z + dz)) body.vy = 6;
        const ground = !free(body.x, body.y - 0.06, body.z);
        body.vy = ground && body.vy <= 0 ? (on(Button.Jump) ? 8 : 0) : body.vy - 24 * deltaS;
        if (free(body.x, body.y + body.vy * deltaS, body.z)) body.y += body.vy * deltaS;
        else body.vy = Math.min(0, body.vy);

        frame.connection = query.has('gone') ? Connection.Reconnecting : Connection.Online;
        frame.flags = FrameFlag.Spawned | FrameFlag.Ready | (ground ? FrameFlag.OnGround : 0) | (query.has('gone') ? FrameFlag.ServerGone : 0);
        frame.retryInMs = query.has('gone') ? 3000 - (nowMs % 3000) : 0;
        frame.fraction = 1;
        Object.assign(frame.previous, body);
        Object.assign(frame.current, { x: body.x, y: body.y, z: body.z });
        Object.assign(frame.previous, { x: body.x, y: body.y, z: body.z });
        frame.authority = 1;
        frame.peersDirect = 3;
        frame.peersRelay = 1;
        frame.directRttMs = 1.8 + Math.sin(nowMs / 3000) * 0.3;
        frame.viaServerRttMs = 41 + Math.sin(nowMs / 2000) * 4;
        frame.serverRttMs = 20;
        frame.peopleVersion = 1;

        const hit = pick(body.x, body.y + EYE_HEIGHT, body.z, input.yaw, input.pitch, (x, y, z) => at(x, y, z) !== 0 && at(x, y, z) !== WATER_KIND);
        if (hit) {
          frame.flags |= FrameFlag.Target;
          Object.assign(frame.target, hit.block, { face: hit.face, kind: at(hit.block.x, hit.block.y, hit.block.z) });
          if (input.action === Action.Dig) put(hit.block.x, hit.block.y, hit.block.z, 0);
          if (input.action === Action.Place) put(hit.before.x, hit.before.y, hit.before.z, input.block);
        }

        const look = { x: -Math.sin(input.yaw) * Math.cos(input.pitch), y: Math.sin(input.pitch), z: -Math.cos(input.yaw) * Math.cos(input.pitch) };
        const told: Body[] = [];
        const add = (kind: number, block: number, half: number, x: number, y: number, z: number, vx: number, vy: number, vz: number) => {
          const made = { ...emptyBody(), handle: bodies.length + 1, kind, block, flags: BodyFlag.Awake, x, y, z, qw: 1, vx, vy, vz, wx: vz / 4, wz: -vx / 4, hx: half, hy: half, hz: half };
          bodies.push(made);
          told.push({ ...made });
        };
        if (input.action === Action.Throw) add(BodyKind.Crate, PLANKS_KIND, 0.45, body.x + look.x * 1.2, body.y + EYE_HEIGHT + look.y * 1.2, body.z + look.z * 1.2, look.x * 12, look.y * 12 + 2, look.z * 12);
        if (input.action === Action.Crate && hit) add(BodyKind.Crate, PLANKS_KIND, 0.45, hit.before.x + 0.5, hit.before.y + 0.45, hit.before.z + 0.5, 0, 0, 0);
        if (input.action === Action.Blast && hit) {
          for (let dy = -3; dy <= 3; dy++) {
            for (let dz = -3; dz <= 3; dz++) {
              for (let dx = -3; dx <= 3; dx++) {
                const [x, y, z] = [hit.block.x + dx, hit.block.y + dy, hit.block.z + dz];
                const kind = at(x, y, z);
                if (dx * dx + dy * dy + dz * dz > 9 || y < 1 || kind === 0 || kind === WATER_KIND) continue;
                put(x, y, z, 0);
                add(BodyKind.Rubble, kind, 0.4, x + 0.5, y + 0.5, z + 0.5, dx * 2, Math.abs(dy) * 2 + 6, dz * 2);
              }
            }
          }
        }
        const now = Math.floor(nowMs / BODY_FRAME_MS);
        for (; bodyFrame < now; bodyFrame = Math.max(bodyFrame + 1, now - 3)) {
          for (const moving of bodies) {
            if ((moving.flags & BodyFlag.Awake) === 0) continue;
            fall(moving, BODY_FRAME_MS / 1000, solid);
            moving.frame = bodyFrame + 1 - (now - now % 1_000_000);
            told.push({ ...moving });
          }
        }
        frame.bodies.splice(0, frame.bodies.length, ...told);
        frame.bodyCount = told.length;

        const tick = Math.floor(nowMs / 50) % 1_000_000;
        const others = BOTS.map(({ radius, speed: pace, flags }, i) => {
          const angle = (tick * 0.05 * pace) / radius + i * 0.9 - (pace === 0 ? 1.6 : 0);
          const x = 8.5 + Math.cos(angle) * radius;
          const z = 3.5 + Math.sin(angle) * radius;
          return { handle: i + 1, tick, x, y: top(x, z), z, yaw: -angle + Math.PI, pitch: Math.sin(tick / 30) * 0.3, speed: pace, flags, rttMs: 2 };
        });
        frame.others.splice(0, frame.others.length, ...others);
        frame.otherCount = others.length;

        const wanted: number[] = [];
        const cx = Math.floor(body.x / 16);
        const cz = Math.floor(body.z / 16);
        const reach = input.viewDistance + 1;
        for (const key of named) {
          const [x, z] = key.split(',').map(Number) as [number, number];
          if (Math.max(Math.abs(x - cx), Math.abs(z - cz)) > input.viewDistance + 3) named.delete(key);
        }
        for (const key of new Set(edits)) wanted.push(...key.split(',').map(Number));
        edits = [];
        for (let ring = 0; ring <= reach && wanted.length < 48; ring++) {
          for (let z = cz - ring; z <= cz + ring; z++) {
            for (let x = cx - ring; x <= cx + ring; x++) {
              if (Math.max(Math.abs(x - cx), Math.abs(z - cz)) !== ring || named.has(`${x},${z}`) || wanted.length >= 48) continue;
              named.add(`${x},${z}`);
              wanted.push(x, z);
            }
          }
        }
        frame.chunks.splice(0, frame.chunks.length, ...wanted);
        frame.chunkCount = wanted.length / 2;
        return writeOutput(frame);
      },
    },
  };

  function top(x: number, z: number): number {
    let y = CHUNK_HEIGHT - 1;
    while (y > 0 && !solid(x, y - 1, z)) y--;
    return y;
  }
}

function fall(body: Body, deltaS: number, solid: (x: number, y: number, z: number) => boolean): void {
  body.vy -= 20 * deltaS;
  const step = (axis: 'x' | 'y' | 'z', speed: 'vx' | 'vy' | 'vz') => {
    const before = body[axis];
    body[axis] += body[speed] * deltaS;
    const low = axis === 'y' && body.vy >= 0 ? 0 : axis === 'y' ? body.hy : body.hy * 0.9;
    if (!solid(body.x, body.y - low, body.z)) return false;
    body[axis] = before;
    body[speed] *= -0.3;
    return true;
  };
  step('x', 'vx');
  step('z', 'vz');
  if (step('y', 'vy')) {
    body.vx *= 0.5;
    body.vz *= 0.5;
    if (Math.hypot(body.vx, body.vz) < 0.4) {
      body.y = Math.round(body.y - body.hy) + body.hy;
      body.flags &= ~BodyFlag.Awake;
    }
  }
  const roll = (body.vx + body.vz) * deltaS * 0.5;
  const length = Math.hypot(body.qx + roll * body.qw, body.qy, body.qz, body.qw - roll * body.qx);
  [body.qx, body.qy, body.qz, body.qw] = [(body.qx + roll * body.qw) / length, body.qy / length, body.qz / length, (body.qw - roll * body.qx) / length];
}

function hash(x: number, z: number, salt = 0): number {
  let h = Math.imul(x, 374761393) ^ Math.imul(z, 668265263) ^ Math.imul(salt + 1, 2246822519);
  h = Math.imul(h ^ (h >>> 13), 1274126177);
  return ((h ^ (h >>> 16)) >>> 0) / 4294967296;
}

function soft(x: number, z: number, salt: number): number {
  const cx = Math.floor(x);
  const cz = Math.floor(z);
  const ease = (t: number) => t * t * (3 - 2 * t);
  const fx = ease(x - cx);
  const fz = ease(z - cz);
  const mix = (a: number, b: number, t: number) => a + (b - a) * t;
  return mix(mix(hash(cx, cz, salt), hash(cx + 1, cz, salt), fx), mix(hash(cx, cz + 1, salt), hash(cx + 1, cz + 1, salt), fx), fz);
}

function surface(x: number, z: number): number {
  const hills = soft(x / 42, z / 42, 1) * 20 + soft(x / 17, z / 17, 2) * 7 + soft(x / 7, z / 7, 3) * 1.6;
  const peaks = Math.max(0, soft(x / 80, z / 80, 4) - 0.55) * 60;
  return Math.floor(12 + hills + peaks);
}

function generate(cx: number, cz: number): Uint8Array {
  const blocks = new Uint8Array(CHUNK_BYTES);
  const set = (x: number, y: number, z: number, kind: number) => {
    if (x >= 0 && x < 16 && z >= 0 && z < 16 && y >= 0 && y < CHUNK_HEIGHT) blocks[(y * 16 + z) * 16 + x] = kind;
  };
  for (let z = 0; z < 16; z++) {
    for (let x = 0; x < 16; x++) {
      const height = Math.min(surface(cx * 16 + x, cz * 16 + z), CHUNK_HEIGHT - 2);
      for (let y = 0; y <= Math.max(height, WATER); y++) {
        set(x, y, z, y > height ? WATER_KIND : y < height - 3 ? 2 : height <= WATER + 1 ? 5 : y < height ? 3 : height > 42 ? 7 : 4);
      }
    }
  }
  for (let z = -3; z < 19; z++) {
    for (let x = -3; x < 19; x++) {
      const wx = cx * 16 + x;
      const wz = cz * 16 + z;
      const height = surface(wx, wz);
      if (hash(wx, wz, 9) > 0.988 && height > WATER + 2 && height < 40 && Math.hypot(wx - 8, wz - 6) > 9) {
        const tall = 4 + Math.floor(hash(wx, wz, 10) * 3);
        for (let dy = -2; dy <= 1; dy++) {
          const r = dy < 0 ? 2 : 1;
          for (let dz = -r; dz <= r; dz++) for (let dx = -r; dx <= r; dx++) if (Math.abs(dx) + Math.abs(dz) < r * 2 || hash(wx + dx, wz + dz, dy + 11) > 0.5) set(x + dx, height + tall + dy, z + dz, 9);
        }
        for (let y = 1; y <= tall; y++) set(x, height + y, z, 8);
      }
    }
  }
  if (cx === 0 && cz === -1) house(set, surface(6, -8));
  return blocks;
}

function house(set: (x: number, y: number, z: number, kind: number) => void, ground: number): void {
  for (let z = 4; z <= 10; z++) {
    for (let x = 3; x <= 10; x++) {
      for (let y = ground - 4; y <= ground; y++) set(x, y, z, 12);
      for (let y = ground + 1; y <= ground + 4; y++) {
        const wall = x === 3 || x === 10 || z === 4 || z === 10;
        const window = y === ground + 2 && ((x + z) % 3 === 0);
        set(x, y, z, !wall ? 0 : z === 10 && x === 6 && y <= ground + 2 ? 0 : window ? 13 : 10);
      }
      set(x, ground + 5, z, 11);
    }
  }
  set(6, ground + 4, 7, 14);
  set(8, ground + 1, 11, 14);
}

function pick(x: number, y: number, z: number, yaw: number, pitch: number, solid: (x: number, y: number, z: number) => boolean) {
  const d = { x: -Math.sin(yaw) * Math.cos(pitch), y: Math.sin(pitch), z: -Math.cos(yaw) * Math.cos(pitch) };
  let before = { x: 0, y: 0, z: 0 };
  for (let t = 0; t < 6; t += 0.02) {
    const block = { x: Math.floor(x + d.x * t), y: Math.floor(y + d.y * t), z: Math.floor(z + d.z * t) };
    if (t > 0 && solid(block.x, block.y, block.z)) return { block, before, face: 2 };
    before = block;
  }
  return null;
}
