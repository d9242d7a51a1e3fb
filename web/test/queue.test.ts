import { describe, expect, it } from 'vitest';
import { RecordQueue, readRecords } from '../src/edge/queue';

const body = (...bytes: number[]) => Uint8Array.from(bytes);

describe('RecordQueue', () => {
  it('packs records in order with the documented head', () => {
    const queue = new RecordQueue(10, 1000);
    queue.push(0x0102, 7, body(9, 8));
    queue.push(3, 1, body());
    const buffer = new Uint8Array(100);
    expect(queue.drain(buffer)).toBe(18);
    expect([...buffer.subarray(0, 10)]).toEqual([0x02, 0x01, 7, 0, 2, 0, 0, 0, 9, 8]);
    expect(readRecords(buffer.subarray(0, 18)).map((r) => [r.source, r.type, r.body.byteLength])).toEqual([[0x0102, 7, 2], [3, 1, 0]]);
    expect(queue.drain(buffer)).toBe(0);
    expect(queue.sizeBytes).toBe(0);
  });

  it('moves whole records only and keeps the rest', () => {
    const queue = new RecordQueue(10, 1000);
    queue.push(0, 0, body(1, 2, 3));
    queue.push(0, 0, body(4, 5, 6));
    const small = new Uint8Array(12);
    expect(queue.drain(small)).toBe(11);
    expect(queue.count).toBe(1);
    expect(queue.drain(small)).toBe(11);
    expect(small[8]).toBe(4);
  });

  it('says how much a record needs that does not fit at all', () => {
    const queue = new RecordQueue(10, 1000);
    queue.push(0, 0, new Uint8Array(50));
    expect(queue.drain(new Uint8Array(20))).toBe(-58);
    expect(queue.count).toBe(1);
    expect(queue.drain(new Uint8Array(58))).toBe(58);
  });

  it('refuses over either bound and counts', () => {
    const queue = new RecordQueue(2, 40);
    expect(queue.push(0, 0, body(1))).toBe(true);
    expect(queue.push(0, 0, new Uint8Array(40))).toBe(false);
    expect(queue.push(0, 0, body(1))).toBe(true);
    expect(queue.push(0, 0, body(1))).toBe(false);
    expect(queue.push(0, 17, body(1), true)).toBe(true);
    expect(queue.refused).toBe(2);
    expect(queue.count).toBe(3);
  });

  it('forgets one source', () => {
    const queue = new RecordQueue(10, 1000);
    queue.push(1, 0, body(1));
    queue.push(2, 0, body(2, 2));
    queue.clear(1);
    expect(queue.count).toBe(1);
    expect(queue.sizeBytes).toBe(10);
  });

  it('survives many partial drains', () => {
    const queue = new RecordQueue(100_000, 10_000_000);
    for (let i = 0; i < 5000; i++) queue.push(i & 0xffff, 0, body(i & 255));
    const seen: number[] = [];
    const buffer = new Uint8Array(900);
    for (let n = queue.drain(buffer); n > 0; n = queue.drain(buffer)) for (const r of readRecords(buffer.subarray(0, n))) seen.push(r.source);
    expect(seen).toEqual(Array.from({ length: 5000 }, (_, i) => i));
  });
});
