// The peer of room.cpu and room.bytes: colyseus, one room, the same rows (position, velocity, heading), the same rate and the same view distance.
// Prints "ready PORT"; on a line "stats" from standard input prints JSON with its CPU seconds.
import { createServer } from 'node:http';
import { Server, Room } from '@colyseus/core';
import { WebSocketTransport } from '@colyseus/ws-transport';
import { schema, StateView, t } from '@colyseus/schema';

const rateHz = Number(process.env.RATE_HZ ?? 20);
const viewBlocks = Number(process.env.VIEW_BLOCKS ?? 48);

const Player = schema({ x: t.int32(), y: t.int32(), z: t.int32(), vx: t.int16(), vy: t.int16(), vz: t.int16(), yaw: t.uint16(), pitch: t.int8(), input: t.uint8() }, 'Player');
const State = schema({ players: t.map(Player).view() }, 'State');

class Arena extends Room {
  maxClients = 10_000;
  patchRate = 1000 / rateHz;

  onCreate() {
    this.state = new State();
    this.autoDispose = false;
    this.onMessage('move', (client, m) => {
      const p = this.state.players.get(client.sessionId);
      if (!p) return;
      p.x = m.x; p.y = m.y; p.z = m.z; p.vx = m.vx; p.vy = m.vy; p.vz = m.vz; p.yaw = m.yaw; p.pitch = m.pitch; p.input = m.input;
    });
    this.clock.setInterval(() => this.updateViews(), 1000);
  }

  onJoin(client, options) {
    const p = new Player();
    p.x = options.x; p.y = 0; p.z = options.z; p.vx = p.vy = p.vz = p.yaw = p.pitch = p.input = 0;
    this.state.players.set(client.sessionId, p);
    client.view = new StateView();
    client.seen = new Set();
    this.see(client);
  }

  onLeave(client) {
    this.state.players.delete(client.sessionId);
  }

  updateViews() {
    for (const client of this.clients) this.see(client);
  }

  see(client) {
    const me = this.state.players.get(client.sessionId);
    if (!me) return;
    const reach = (viewBlocks * 256) ** 2;
    for (const [id, other] of this.state.players) {
      const near = id !== client.sessionId && (other.x - me.x) ** 2 + (other.z - me.z) ** 2 <= reach;
      if (near && !client.seen.has(id)) { client.seen.add(id); client.view.add(other); }
      else if (!near && client.seen.has(id)) { client.seen.delete(id); client.view.remove(other); }
    }
  }
}

const http = createServer();
const server = new Server({ greet: false, transport: new WebSocketTransport({ server: http }) });
server.define('arena', Arena);
await server.listen(0, '127.0.0.1');
console.log('ready ' + http.address().port);
process.stdin.on('data', () => {
  const cpu = process.cpuUsage();
  console.log(JSON.stringify({ cpuS: (cpu.user + cpu.system) / 1e6 }));
});
process.stdin.on('end', () => process.exit(0));
