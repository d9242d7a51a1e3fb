import { cryptoPublicKey, cryptoSign, cryptoStart, cryptoVerify } from '../src/edge/crypto';
import { fromBase64 } from '../src/edge/bytes';
import { readRecords } from '../src/edge/queue';
import { RtcEvent, RtcLinks } from '../src/edge/rtc';
import { storeLoad, storeRemove, storeSave, storeTake } from '../src/edge/store';

/** What test/browser.test.ts asks of the edge modules that only a browser can answer. */
const checks = {
  async identity() {
    await cryptoStart(location.search);
    const bytes = new TextEncoder().encode('challenge');
    const signature = fromBase64(await cryptoSign(bytes));
    const good = await cryptoVerify(cryptoPublicKey(), signature, bytes);
    signature[5]! ^= 1;
    return {
      key: [...cryptoPublicKey()],
      signatureBytes: signature.length,
      good,
      bad: await cryptoVerify(cryptoPublicKey(), signature, bytes),
      foreign: await cryptoVerify(new Uint8Array(65), signature, bytes),
    };
  },

  async store() {
    const saved = await storeSave('a', Uint8Array.of(1, 2, 3));
    const length = await storeLoad('a');
    const bytes = [...storeTake('a')];
    const again = storeTake('a').length;
    await storeRemove('a');
    return { saved, length, bytes, again, gone: await storeLoad('a') };
  },

  /** Two ends in one page, their signals carried by hand. */
  async link() {
    const sides = [new RtcLinks(), new RtcLinks()] as const;
    const names = ['aa'.repeat(16), 'bb'.repeat(16)] as const;
    const indices = [sides[0].offer(names[1], 7), -1];
    const got: { side: number; type: number; body: number[] }[] = [];
    const states: number[][] = [[], []];
    const buffer = new Uint8Array(1 << 20);
    const decoder = new TextDecoder();
    const pump = () => {
      for (const side of [0, 1] as const) {
        for (const { type, body } of readRecords(buffer.subarray(0, sides[side].drain(buffer)))) {
          if (type === RtcEvent.Signal) {
            const data = 6 + body[5]!;
            const connection = new DataView(body.buffer).getUint32(0, true);
            const index = sides[1 - side]!.signal(names[side], connection, body[4]!, decoder.decode(body.subarray(data)), decoder.decode(body.subarray(6, data)));
            if (index >= 0) indices[1 - side] = index;
          } else if (type === RtcEvent.State) states[side]!.push(body[0]!);
          else got.push({ side, type, body: [...body] });
        }
      }
    };
    const until = async (done: () => boolean) => {
      for (const limit = performance.now() + 20_000; !done() && performance.now() < limit; await new Promise((r) => setTimeout(r, 10))) pump();
      return done();
    };
    const opened = await until(() => states.every((s) => s.includes(1)));
    const sent = [
      sides[0].send(indices[0]!, RtcEvent.Reliable, Uint8Array.of(1, 2)),
      sides[0].send(indices[0]!, RtcEvent.Reflex, Uint8Array.of(3)),
      sides[1].send(indices[1]!, RtcEvent.Reflex, new Uint8Array(70_000)),
      sides[0].send(99, RtcEvent.Reliable, new Uint8Array(1)),
    ];
    await until(() => got.length === 2);
    const stats = await sides[0].stats();
    sides[0].close(indices[0]!);
    const closed = await until(() => states[1]!.some((s) => s >= 3));
    return { opened, sent, got: got.sort((a, b) => a.type - b.type), stats, closed, strayed: sides[1].signal('cc'.repeat(16), 1, 2, 'x', '0') };
  },
};

declare global {
  interface Window {
    checks?: typeof checks;
  }
}
window.checks = checks;
