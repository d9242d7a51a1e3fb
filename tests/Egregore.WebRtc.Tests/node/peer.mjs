// A node-datachannel (libdatachannel) peer that echoes. Signaling: one JSON object a line on stdin and stdout.
// Arguments: "offer" or "answer".
import { createInterface } from 'node:readline';
import nodeDataChannel from 'node-datachannel';

const write = message => process.stdout.write(JSON.stringify(message) + '\n');
const connection = new nodeDataChannel.PeerConnection('peer', { iceServers: [], maxMessageSize: 262144 });

function adopt(channel) {
  let opened = false;
  const open = () => {
    if (!opened) write({ event: 'open', label: channel.getLabel() });
    opened = true;
  };
  channel.onOpen(open);
  if (channel.isOpen()) open();
  channel.onClosed(() => write({ event: 'closed', label: channel.getLabel() }));
  channel.onMessage(message => {
    if (message === 'close') setTimeout(() => channel.close(), 0);
    else if (typeof message === 'string') channel.sendMessage(message);
    else channel.sendMessageBinary(Buffer.from(message));
  });
  return channel;
}

connection.onLocalDescription((sdp, type) => write({ type, sdp }));
connection.onLocalCandidate((candidate, mid) => write({ candidate, mid }));
connection.onDataChannel(channel => {
  globalThis.kept = adopt(channel);
});
createInterface({ input: process.stdin }).on('line', line => {
  const message = JSON.parse(line);
  if (message.sdp) connection.setRemoteDescription(message.sdp, message.type);
  else if (message.candidate) connection.addRemoteCandidate(message.candidate, message.mid);
}).on('close', () => {
  connection.close();
  process.exit(0);
});
if (process.argv[2] === 'offer') globalThis.kept = adopt(connection.createDataChannel('echo'));
