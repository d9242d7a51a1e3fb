// The workload of `crdt.map` in the libraries that it is measured against. It is the same in each and in CrdtArea.cs:
// CLIENTS replicas of one map of KEYS keys; in every round each client sets one key to 16 bytes and makes one message of it, then every
// message is merged by every other client. All replicas must be equal at the end. One JSON line a library.
//
// Each library merges the messages of a round in the way that is fastest for it: all at once (`merge`). Ours takes them one by one.
// `alone` as the last argument hands them over one by one here too, which is slower in each.
//
// The median of REPEATS runs counts, of fewer where they take more than 20 s.
//
//   node crdt.mjs CLIENTS KEYS ROUNDS REPEATS [LIBRARY] [alone]
import * as Automerge from '@automerge/automerge';
import { LoroDoc } from 'loro-crdt';
import * as Y from 'yjs';

const [clients = 100, keys = 200, rounds = 2, repeats = 3] = process.argv.slice(2, 6).map(Number);
const only = process.argv[6];
const alone = process.argv[7] === 'alone';
const keyNames = Array.from({ length: keys }, (_, i) => `key-${i}`);

// Numerical Recipes' generator, as in CrdtArea.cs.
function workload() {
  let state = 12345;
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0);
  return Array.from({ length: rounds * clients }, () => {
    const key = keyNames[(next() >>> 8) % keys];
    const value = new Uint8Array(16);
    for (let i = 0; i < 16; i++) value[i] = next() >>> 24;
    return { key, value };
  });
}

const libraries = {
  yjs: {
    make(client) {
      const doc = new Y.Doc();
      doc.clientID = 0x80000000 + client * 104729; // as long as the random ones that it gives itself
      const replica = { doc, map: doc.getMap('map'), sent: null };
      doc.on('update', (update, origin) => { if (origin !== 'remote') replica.sent = update; });
      return replica;
    },
    set(replica, key, value) { replica.map.set(key, value); return replica.sent; },
    merge(replica, messages) {
      replica.doc.transact(() => { for (const message of messages) Y.applyUpdate(replica.doc, message, 'remote'); }, 'remote');
    },
    get(replica, key) { return replica.map.get(key); },
  },
  automerge: {
    make(client) { return { doc: Automerge.init({ actor: client.toString(16).padStart(32, '0') }) }; },
    set(replica, key, value) {
      replica.doc = Automerge.change(replica.doc, (d) => { d[key] = value; });
      return Automerge.getLastLocalChange(replica.doc);
    },
    merge(replica, messages) { [replica.doc] = Automerge.applyChanges(replica.doc, messages); },
    get(replica, key) { return replica.doc[key]; },
    free(replica) { Automerge.free(replica.doc); },
  },
  'loro-crdt': {
    make(client) {
      const doc = new LoroDoc();
      doc.setPeerId(BigInt(client + 1));
      return { doc, map: doc.getMap('map') };
    },
    set(replica, key, value) {
      const from = replica.doc.version();
      replica.map.set(key, value);
      replica.doc.commit();
      return replica.doc.export({ mode: 'update', from });
    },
    merge(replica, messages) { replica.doc.importBatch(messages); },
    get(replica, key) { return replica.map.get(key); },
    free(replica) { replica.doc.free(); },
  },
};

function run(library, ops) {
  const replicas = Array.from({ length: clients }, (_, i) => library.make(i));
  const started = process.hrtime.bigint();
  let bytes = 0;
  const messages = new Array(clients);
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < clients; i++) {
      const { key, value } = ops[round * clients + i];
      messages[i] = library.set(replicas[i], key, value);
      bytes += messages[i].length;
    }
    for (let to = 0; to < clients; to++) {
      const others = messages.filter((_, from) => from !== to);
      if (alone) for (const message of others) library.merge(replicas[to], [message]);
      else library.merge(replicas[to], others);
    }
  }
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  const show = (replica) => keyNames.map((key) => Buffer.from(library.get(replica, key) ?? []).toString('hex')).join(',');
  const expected = show(replicas[0]);
  const equal = replicas.every((replica) => show(replica) === expected);
  for (const replica of replicas) library.free?.(replica);
  return { opsPerSecond: (rounds * clients * clients) / seconds, messageBytes: bytes / (rounds * clients), equal };
}

const ops = workload();
for (const [name, library] of Object.entries(libraries)) {
  if (only && only !== 'all' && only !== name) continue;
  for (const started = Date.now(); ;) { // warm-up: once, and for two seconds where that is quick
    run(library, ops);
    if (Date.now() - started > 2000) break;
  }
  const runs = [];
  for (const started = Date.now(); runs.length < repeats && (runs.length === 0 || Date.now() - started < 20_000);) runs.push(run(library, ops));
  runs.sort((a, b) => a.opsPerSecond - b.opsPerSecond);
  const median = runs[runs.length >> 1];
  console.log(JSON.stringify({ name, ...median, equal: runs.every((r) => r.equal) }));
}
