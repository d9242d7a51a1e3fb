// CLIENTS clients that walk at RATE_HZ in a square of SIDE_BLOCKS. After WARM_SECONDS prints "start", then a line of JSON for each of WINDOWS windows of SECONDS: the bytes of
// messages that came down (without WebSocket framing), messages up and down, and the mean number of others that a client has.
import { Client } from '@colyseus/sdk';
import WebSocket from 'ws';
const port = Number(process.argv[2]);
const clients = Number(process.env.CLIENTS ?? 200), rateHz = Number(process.env.RATE_HZ ?? 20), seconds = Number(process.env.SECONDS ?? 10), side = Number(process.env.SIDE_BLOCKS ?? 280), windows = Number(process.env.WINDOWS ?? 1);
let down = 0, up = 0, messages = 0, counting = false;
const emit = WebSocket.prototype.emit;
WebSocket.prototype.emit = function (name, data, ...rest) {
  if (name === 'message' && counting) { down += data.length ?? data.byteLength ?? 0; messages++; }
  return emit.call(this, name, data, ...rest);
};
let seed = 1;
const random = () => (seed = (seed * 1664525 + 1013904223) >>> 0) / 2 ** 32;
// Each has a home in the square, roams 24 blocks around it and looks about: as the bots of "egregore bots" do.
const roam = 24 * 256, near = (home) => home + Math.floor((random() * 2 - 1) * roam);
const walkers = [];
for (let i = 0; i < clients; i++) {
  const x = Math.floor(random() * side * 256), z = Math.floor(random() * side * 256);
  const client = new Client('ws://127.0.0.1:' + port);
  const room = await client.joinOrCreate('arena', { x, z });
  walkers.push({ room, x, z, homeX: x, homeZ: z, goalX: near(x), goalZ: near(z), wobble: 0, turns: 160 * random() });
}
console.log('joined');
const turn = () => {
  for (const w of walkers) {
    if (--w.turns < 0) { w.turns = 160; w.goalX = near(w.homeX); w.goalZ = near(w.homeZ); }
    w.wobble = Math.min(Math.max(w.wobble + (random() - 0.5) * 0.4, -0.75), 0.75);
    const a = Math.atan2(w.goalZ - w.z, w.goalX - w.x) + w.wobble;
    const vx = Math.round(Math.cos(a) * 77), vz = Math.round(Math.sin(a) * 77);
    w.x += vx; w.z += vz;
    w.room.send('move', { x: w.x, y: 0, z: w.z, vx, vy: 0, vz, yaw: Math.round(a * 10430) & 65535, pitch: 0, input: 1 });
    if (counting) up++;
  }
};
setInterval(turn, 1000 / rateHz);
await new Promise((r) => setTimeout(r, Number(process.env.WARM_SECONDS ?? 8) * 1000));
counting = true;
let start = performance.now();
console.log('start');
for (let i = 0; i < windows; i++) {
  await new Promise((r) => setTimeout(r, seconds * 1000));
  const now = performance.now();
  const others = walkers.reduce((sum, w) => sum + w.room.state.players.size, 0) / clients;
  console.log(JSON.stringify({ seconds: (now - start) / 1000, downBytes: down, downMessages: messages, upMessages: up, clients, others }));
  [start, down, messages, up] = [now, 0, 0, 0];
}
setTimeout(() => process.exit(0), 1000); // walking on, while the last window's CPU time is read
