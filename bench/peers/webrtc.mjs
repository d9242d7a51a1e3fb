// One side of `egregore bench webrtc` over node-datachannel (libdatachannel). Commands come as JSON, a line each, and so do the answers;
// bench/Egregore.Bench/WebRtc/RtcPeerProgram.cs speaks the same with our library.
import { createInterface } from 'node:readline';
import nodeDataChannel from 'node-datachannel';

// As in RtcTraffic.cs: filled up to a megabyte, and again from a quarter on; looked at after 16 KB.
const bufferedHigh = 1 << 20;
const bufferedLow = 1 << 18;
const bytesPerLook = 16384;

const write = (answer) => process.stdout.write(JSON.stringify(answer) + '\n');
const seconds = () => Number(process.hrtime.bigint()) / 1e9;
const connections = new Map();
const channels = new Map();
let messages = 0;
let bytes = 0;
let sent = 0;
let pong = null;
let fill = null;

function adopt(channel, id) {
  const label = channel.getLabel();
  channels.set(label, channel);
  channel.setBufferedAmountLowThreshold(bufferedLow);
  let opened = false;
  const open = () => {
    if (!opened) write({ event: 'open', id });
    opened = true;
  };
  if (label === 'echo') {
    channel.onMessage((message) => {
      if (pong) pong();
      else channel.sendMessageBinary(message);
    });
  } else {
    channel.onBufferedAmountLow(() => fill?.());
    channel.onMessage((message) => {
      messages++;
      bytes += message.length ?? message.byteLength;
    });
  }
  channel.onOpen(open);
  if (channel.isOpen()) open();
}

function make(id) {
  const connection = new nodeDataChannel.PeerConnection(`peer ${id}`, { iceServers: [], bindAddress: '127.0.0.1', maxMessageSize: 262144 });
  connections.set(id, connection);
  connection.onStateChange((state) => {
    if (state === 'failed') write({ event: 'failed', id });
  });
  connection.onGatheringStateChange((state) => {
    if (state !== 'complete') return;
    const { type, sdp } = connection.localDescription();
    write({ event: 'sdp', id, type, sdp });
  });
  connection.onDataChannel((channel) => adopt(channel, id));
  return connection;
}

const commands = {
  offer({ id, channels: labels }) {
    const connection = make(id);
    for (const label of labels) adopt(connection.createDataChannel(label, label === 'unreliable' ? { unordered: true, maxRetransmits: 0 } : {}), id);
  },
  sdp({ id, type, sdp }) {
    (type === 'offer' ? make(id) : connections.get(id)).setRemoteDescription(sdp, type);
  },
  rtt({ count, size }) {
    const channel = channels.get('echo');
    const message = Buffer.alloc(size);
    const trips = [];
    let leftAt;
    const ping = () => {
      leftAt = process.hrtime.bigint();
      channel.sendMessageBinary(message);
    };
    pong = () => {
      trips.push(Number(process.hrtime.bigint() - leftAt) / 1e3);
      if (trips.length < count) return ping();
      pong = null;
      trips.sort((a, b) => a - b);
      write({ event: 'rtt', id: 0, microseconds: trips[count >> 1] });
    };
    ping();
  },
  send({ channel: label, size }) {
    const channel = channels.get(label);
    const message = Buffer.alloc(size);
    const perLook = Math.max(1, Math.floor(bytesPerLook / size));
    let waits = false;
    sent = 0;
    const turn = () => {
      if (!fill) return;
      const until = seconds() + 0.002;
      while (seconds() < until) {
        if (channel.bufferedAmount() >= bufferedHigh) {
          waits = true;
          return;
        }
        for (let i = 0; i < perLook; i++) {
          channel.sendMessageBinary(message);
          sent++;
        }
      }
      setImmediate(turn);
    };
    fill = () => {
      if (!waits) return;
      waits = false;
      turn();
    };
    turn();
  },
  stop() {
    fill = null;
    write({ event: 'stopped', id: 0, sent });
  },
  mark() {
    write({ event: 'mark', id: 0, messages, bytes, sent, seconds: seconds() });
  },
};

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const { command, ...rest } = JSON.parse(line);
    commands[command](rest);
  })
  .on('close', () => process.exit(0));
