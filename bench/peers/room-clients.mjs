// CLIENTS clients that walk at RATE_HZ in a square of SIDE_BLOCKS. After WARM_SECONDS prints "start", then a line of JSON for each of WINDOWS windows of SECONDS: the bytes of
// messages that came down (without WebSocket framing), messages up and down, and the mean number of others that a client has.
import { Client } from '@colyseus/sdk';
import WebSocket from 'ws';
const port = Number(process.argv[2]);
const clients = Number(process.env.CLIENTS ?? 200), rateHz = Number(process.env.RATE_HZ ?? 20), seconds = Number(process.env.SECONDS ?? 10), side = Number(process.env.SIDE_BLOCKS ?? 260), windows = Number(process.env.WINDOWS ?? 1);
let down = 0, up = 0, messages = 0, counting = false;
const emit = WebSocket.prototype.emit;
WebSocket.prototype.emit = function (name, data, ...rest) {
  if (name === 'message' && counting) { down += data.length ?? data.byteLength ?? 0; messages++; }
  return emit.call(this, name, data, ...rest);
};
let seed = 1;
const random = () => (seed = (seed * 1664525 + 1013904223) >>> 0) / 2 ** 32;
const walkers = [];
for (let i = 0; i < clients; i++) {
  const x = Math.floor(random() * side * 256), z = Math.floor(random() * side * 256);
  const client = new Client('ws://127.0.0.1:' + port);
  const room = await client.joinOrCreate('arena', { x, z });
  walkers.push({ room, x, z, a: random() * 6.28 });
}
console.log('joined');
const turn = () => {
  for (const w of walkers) {
    w.a += (random() - 0.5) * 0.4;
    const vx = Math.round(Math.cos(w.a) * 55), vz = Math.round(Math.sin(w.a) * 55);
    w.x = Math.min(Math.max(w.x + vx, 0), side * 256); w.z = Math.min(Math.max(w.z + vz, 0), side * 256);
    w.room.send('move', { x: w.x, y: 0, z: w.z, vx, vy: 0, vz, yaw: Math.round(w.a * 10430) & 65535, pitch: 0, input: 1 });
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
