import { describe, expect, it } from 'vitest';
import { BODY_BYTES, BodyFlag, Button, Connection, emptyBody, FrameFlag, FrameOutput, INPUT_BYTES, OTHER_BYTES, OUTPUT_HEAD_BYTES, readInput, writeInput, writeOutput } from '../src/edge/frame';

describe('frame input', () => {
  it('has the bytes the layout says', () => {
    const bytes = new Uint8Array(INPUT_BYTES).fill(0xff);
    writeInput(bytes, { action: 2, buttons: Button.Forward | Button.Jump, yaw: Math.PI / 2, pitch: -Math.PI / 2, block: 9, flags: 1, viewDistance: 6, queues: 3 });
    expect([...bytes]).toEqual([2, 2, 17, 0, 0x00, 0x40, 0x01, 0x80, 9, 1, 6, 3, 0, 0, 0, 0]);
  });

  it('wraps yaw of any range and clamps pitch', () => {
    const bytes = new Uint8Array(INPUT_BYTES);
    writeInput(bytes, { action: 0, buttons: 0, yaw: -Math.PI / 2 - 4 * Math.PI, pitch: 9, block: 0, flags: 0, viewDistance: 4, queues: 0 });
    const back = readInput(bytes);
    expect(back.yaw).toBeCloseTo((3 * Math.PI) / 2, 3);
    expect(back.pitch).toBeCloseTo(Math.PI / 2, 3);
  });
});

describe('frame output', () => {
  const sample = () => {
    const frame = new FrameOutput();
    frame.connection = Connection.Reconnecting;
    frame.flags = FrameFlag.Spawned | FrameFlag.Target | FrameFlag.ServerGone;
    frame.tick = 4_000_000_000;
    frame.fraction = 0.25;
    Object.assign(frame.previous, { x: 1.5, y: 20, z: -3.25 });
    Object.assign(frame.current, { x: 1.75, y: 20.5, z: -3.5 });
    Object.assign(frame.target, { x: -1, y: 5, z: 70000, face: 2, kind: 7 });
    frame.peersDirect = 3;
    frame.directRttMs = 1.5;
    frame.retryInMs = 2500;
    frame.others.push({ handle: 7, tick: 99, x: 1, y: 2, z: 3, yaw: 0.5, pitch: -0.5, speed: 4.25, flags: 9, rttMs: NaN });
    frame.otherCount = 1;
    frame.chunks.push(-2, 3, 4, -5);
    frame.chunkCount = 2;
    frame.bodies.push({ ...emptyBody(), handle: 3_000_000_000, kind: 1, block: 12, flags: BodyFlag.Awake, frame: 77, touched: 2, x: 1.5, y: 20.25, z: -3, qy: 0.5, qw: 0.75, vx: 1, wz: -2, hx: 0.5, hz: 0.25 });
    frame.bodyCount = 1;
    return frame;
  };

  it('reads what was written', () => {
    const bytes = writeOutput(sample());
    expect(bytes.byteLength).toBe(OUTPUT_HEAD_BYTES + OTHER_BYTES + 16 + BODY_BYTES);
    const read = new FrameOutput();
    expect(read.read(bytes)).toBe('none');
    expect(read).toEqual(sample());
    expect(read.has(FrameFlag.ServerGone)).toBe(true);
    expect(read.has(FrameFlag.Snap)).toBe(false);
  });

  it('pins the offsets', () => {
    const view = new DataView(writeOutput(sample()).buffer);
    expect(view.getUint8(1)).toBe(3);
    expect(view.getUint32(4, true)).toBe(4_000_000_000);
    expect(view.getFloat32(24, true)).toBe(1.75);
    expect(view.getInt32(64, true)).toBe(70000);
    expect(view.getUint8(69)).toBe(7);
    expect(view.getUint32(92, true)).toBe(2500);
    expect(view.getUint32(104, true)).toBe(7);
    expect(view.getInt32(144, true)).toBe(-2);
    expect(view.getUint16(100, true)).toBe(1);
    expect(view.getUint32(160, true)).toBe(3_000_000_000);
    expect([view.getUint8(164), view.getUint8(165), view.getUint16(166, true)]).toEqual([1, 12, 2]);
    expect([view.getUint32(168, true), view.getUint32(172, true)]).toEqual([77, 2]);
    expect([view.getFloat32(180, true), view.getFloat32(200, true), view.getFloat32(204, true), view.getFloat32(224, true), view.getFloat32(236, true)]).toEqual([20.25, 0.75, 1, -2, 0.25]);
  });

  it('reads at an offset inside a larger buffer and reuses its objects', () => {
    const bytes = writeOutput(sample());
    const wide = new Uint8Array(bytes.byteLength + 3);
    wide.set(bytes, 3);
    const read = new FrameOutput();
    read.read(bytes);
    const other = read.others[0];
    expect(read.read(wide.subarray(3))).toBe('none');
    expect(read.others[0]).toBe(other);
    expect(other!.speed).toBe(4.25);
  });

  it('refuses short, foreign and cut frames and changes nothing', () => {
    const read = new FrameOutput();
    const bytes = writeOutput(sample());
    expect(read.read(bytes.subarray(0, 50))).toBe('too-short');
    expect(read.read(bytes.subarray(0, bytes.byteLength - 1))).toBe('length');
    bytes[0] = 1;
    expect(read.read(bytes)).toBe('version');
    expect(read).toEqual(new FrameOutput());
  });
});
