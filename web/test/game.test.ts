import { describe, expect, it } from 'vitest';
import { Button, Connection, FrameFlag } from '../src/edge/frame';
import { fromBase64, toBase64, toBase64Url } from '../src/edge/bytes';
import { bannerText, formatMs } from '../src/game/hud';
import { stickButtons } from '../src/game/input';
import { DELAY_MS, EXTRAPOLATE_MS_MAX, mixAngle, PoseBuffer, type Pose } from '../src/game/interpolation';
import { AutoQuality, LEVELS } from '../src/game/quality';
import { DEFAULTS, parseSettings } from '../src/game/settings';
import { paintTiles, TILE, TILE_NAMES } from '../src/game/tiles';
import { LOOKS } from '../src/game/blocks';

const pose = (x: number, more: Partial<Pose> = {}): Pose => ({ x, y: 0, z: 0, yaw: 0, pitch: 0, speed: 1, ...more });

describe('PoseBuffer', () => {
  const out = pose(0);
  const walk = (jitter: (tick: number) => number = () => 0) => {
    const buffer = new PoseBuffer();
    for (let tick = 0; tick <= 20; tick++) buffer.add(tick, 50, pose(tick), 1000 + tick * 50 + jitter(tick));
    return buffer;
  };

  it('plays the moment 100 ms ago, between the states around it', () => {
    walk().sample(1000 + 20 * 50 + 25, out);
    expect(out.x).toBeCloseTo(20 - (DELAY_MS - 25) / 50, 5);
  });

  it('moves evenly when arrivals do not', () => {
    const even: number[] = [];
    const buffer = walk((tick) => (tick % 3) * 15);
    for (let now = 1500; now < 2000; now += 16) {
      buffer.sample(now, out);
      even.push(out.x);
    }
    const steps = even.slice(1).map((x, i) => x - even[i]!);
    expect(Math.max(...steps) - Math.min(...steps)).toBeLessThan(0.02);
  });

  it('goes on past the newest state for a quarter of a second, then stands', () => {
    const buffer = walk();
    buffer.sample(2000 + DELAY_MS + 100, out);
    expect(out.x).toBeCloseTo(22, 5);
    buffer.sample(2000 + DELAY_MS + EXTRAPOLATE_MS_MAX + 2000, out);
    expect(out.x).toBeCloseTo(20 + EXTRAPOLATE_MS_MAX / 50, 5);
    expect(out.speed).toBe(0);
  });

  it('draws a jump as a jump and ignores repeats', () => {
    const buffer = walk();
    buffer.add(21, 50, pose(500), 2050);
    buffer.add(21, 50, pose(900), 2051);
    buffer.sample(2060, out);
    expect(out.x).toBe(500);
  });

  it('starts anew when the sender does', () => {
    const buffer = new PoseBuffer();
    buffer.add(50_000, 50, pose(1), 1000);
    buffer.add(3, 50, pose(7), 9000);
    buffer.sample(9000, out);
    expect(out.x).toBe(7);
  });

  it('turns the short way', () => {
    expect(mixAngle(0.1, 2 * Math.PI - 0.1, 0.5)).toBeCloseTo(0, 6);
    expect(mixAngle(-3, 3, 0.5)).toBeCloseTo(-Math.PI, 6);
  });
});

describe('AutoQuality', () => {
  const run = (quality: AutoQuality, frameMs: number, frames: number, fromMs = 0) => {
    for (let i = 0; i < frames; i++) quality.frame(frameMs, fromMs + i * frameMs);
  };

  it('goes down when slow, up when fast for a while, and does not flutter', () => {
    const quality = new AutoQuality(1);
    run(quality, 40, 90);
    expect(quality.level).toBe(0);
    run(quality, 16.7, 900, 4000);
    expect(quality.level).toBe(0);
    run(quality, 16.7, 450, 200_000);
    expect(quality.level).toBe(1);
  });

  it('stays within its bounds and ignores pauses', () => {
    const quality = new AutoQuality(2, 1);
    expect(quality.level).toBe(1);
    run(quality, 5000, 500);
    run(quality, 10, 2000);
    expect(quality.level).toBe(1);
    expect(LEVELS[0]!.shadowMap).toBe(0);
  });
});

describe('what the player reads', () => {
  const frame = { connection: Connection.Reconnecting as number, flags: FrameFlag.ServerGone as number, retryInMs: 2400, peersDirect: 2, pendingActions: 1 };

  it('says what works and what does not while the server is gone', () => {
    expect(bannerText(frame)).toBe('Server unreachable: you still see neighbours and can walk; digging and building wait until it is back. 1 of your changes waits. Reconnecting in 3 s.');
    expect(bannerText({ ...frame, peersDirect: 0, pendingActions: 0, retryInMs: 0 })).toContain('Reconnecting…');
    expect(bannerText({ ...frame, flags: 0 })).toBeNull();
    expect(bannerText({ ...frame, flags: 0, connection: Connection.Refused })).toContain('does not let you in');
  });

  it('shows latencies without false precision', () => {
    expect([formatMs(NaN), formatMs(1.234), formatMs(41.6)]).toEqual(['–', '1.2 ms', '42 ms']);
  });
});

describe('small things', () => {
  it('turns the stick into buttons', () => {
    expect(stickButtons(3, 3)).toBe(0);
    expect(stickButtons(0, -40)).toBe(Button.Forward);
    expect(stickButtons(30, -30)).toBe(Button.Forward | Button.Right);
    expect(stickButtons(-90, 0)).toBe(Button.Left | Button.Run);
  });

  it('reads settings and repairs them', () => {
    expect(parseSettings(null)).toEqual(DEFAULTS);
    expect(parseSettings('{broken')).toEqual(DEFAULTS);
    expect(parseSettings('{"sensitivity":99,"quality":"Ultra","viewDistance":6.2,"invertY":true,"name":5}')).toEqual({ ...DEFAULTS, viewDistance: 6, invertY: true });
  });

  it('paints every tile that a look names', () => {
    const bytes = paintTiles();
    expect(bytes.length).toBe(TILE_NAMES.length * TILE * TILE * 4);
    for (const look of Object.values(LOOKS)) for (const tile of [look.top, look.side, look.bottom]) expect(TILE_NAMES).toContain(tile);
  });

  it('reads both base64 alphabets', () => {
    const bytes = Uint8Array.from([251, 255, 190, 0]);
    expect(toBase64Url(bytes)).toBe('-_--AA');
    expect(fromBase64(toBase64Url(bytes))).toEqual(bytes);
    expect(fromBase64(toBase64(bytes))).toEqual(bytes);
    expect(() => fromBase64('***')).toThrow();
  });
});
