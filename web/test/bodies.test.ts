import { describe, expect, it } from 'vitest';
import { BodyFlag, BodyKind, emptyBody, type Body } from '../src/edge/frame';
import { AHEAD_MS_MAX, BODY_DELAY_MS, BODY_FRAME_MS, BodyTrack, BodyTracks, FrameClock, type Solid } from '../src/game/bodies';

const body = (more: Partial<Body>): Body => ({ ...emptyBody(), handle: 1, qw: 1, flags: BodyFlag.Awake, hx: 0.45, hy: 0.45, hz: 0.45, ...more });
const air: Solid = () => false;
const at = (track: BodyTrack, nowMs: number, solid = air) => {
  track.play(nowMs, solid);
  return track;
};

describe('FrameClock', () => {
  it('takes the fastest arrival, and follows a path that became slower', () => {
    const clock = new FrameClock();
    expect(clock.at(10, 2000)).toBe(2000);
    expect(clock.at(11, 2140)).toBeCloseTo(2102, 5);
    expect(clock.at(12, 2190)).toBe(2190);
    expect(clock.at(12, 2400)).toBe(2190);
  });

  it('begins anew after a pause, a restart, and when frames stay late', () => {
    const clock = new FrameClock();
    clock.at(10, 2000);
    expect(clock.at(11, 9000)).toBe(9000);
    expect(clock.at(3, 9050)).toBe(9050);
    clock.at(4, 9250);
    expect(clock.at(5, 9350)).toBe(9350);
  });
});

describe('BodyTrack', () => {
  const rolling = () => {
    const clock = new FrameClock();
    const track = new BodyTrack(body({ x: 0, frame: 1 }), 1000);
    for (let f = 2; f <= 6; f++) track.receive(body({ x: f - 1, frame: f, vx: 10, qx: Math.sin((f - 1) / 20), qw: Math.cos((f - 1) / 20) }), clock, 1000 + (f - 1) * BODY_FRAME_MS);
    return { track, clock };
  };

  it('plays the moment 120 ms ago, between the states around it', () => {
    const { track } = rolling();
    expect(at(track, 1500).x).toBeCloseTo(5 - BODY_DELAY_MS / BODY_FRAME_MS, 5);
    expect(track.qx).toBeCloseTo(Math.sin((5 - BODY_DELAY_MS / BODY_FRAME_MS) / 20), 3);
    expect(Math.hypot(track.qx, track.qy, track.qz, track.qw)).toBeCloseTo(1, 6);
    expect(track.still).toBe(false);
  });

  it('moves evenly when arrivals do not', () => {
    const clock = new FrameClock();
    const track = new BodyTrack(body({ x: 0, frame: 1 }), 1000);
    const seen: number[] = [];
    for (let now = 1000; now < 3000; now += 10) {
      const f = Math.floor((now - 1000) / BODY_FRAME_MS);
      const late = (f % 3) * 20;
      if ((now - 1000) % BODY_FRAME_MS === late && f > 0) track.receive(body({ x: f, frame: f + 1, vx: 10 }), clock, now);
      if (now > 1600) seen.push(at(track, now).x);
    }
    const steps = seen.slice(1).map((x, i) => x - seen[i]!);
    expect(Math.min(...steps)).toBeGreaterThan(0.05);
    expect(Math.max(...steps)).toBeLessThan(0.16);
  });

  it('goes on a tenth of a second past the newest state, then waits; asleep it lies still at once', () => {
    const { track, clock } = rolling();
    expect(at(track, 1500 + BODY_DELAY_MS + 50).x).toBeCloseTo(5.5, 5);
    expect(at(track, 1500 + BODY_DELAY_MS + 5000).x).toBeCloseTo(6, 5);
    track.receive(body({ x: 5.2, frame: 7, flags: 0 }), clock, 1600);
    expect(at(track, 1600 + BODY_DELAY_MS).x).toBeCloseTo(5.2, 5);
    expect(track.still).toBe(true);
  });

  it('begins a movement where it lay, however long it lay there', () => {
    const { track, clock } = rolling();
    track.receive(body({ x: 5, frame: 7, flags: 0 }), clock, 1600);
    at(track, 60_000);
    track.receive(body({ x: 6, frame: 8, vx: 10 }), clock, 60_000);
    expect(at(track, 60_000 + BODY_DELAY_MS - 50).x).toBeCloseTo(5.5, 5);
  });

  it('flies ahead of the server at once, stops at walls, and after a while', () => {
    const thrown = body({ y: 10, vx: 12, vy: 2, flags: BodyFlag.Awake | BodyFlag.Ahead, wy: 1 });
    const track = new BodyTrack(thrown, 1000);
    expect(at(track, 1200).x).toBeCloseTo(2.4, 5);
    expect(track.y).toBeCloseTo(10 + 0.4 - 0.4, 5);
    expect(track.qy).toBeGreaterThan(0.05);
    expect(at(track, 1300, (x) => x > 3).x).toBeCloseTo(2.4, 5);
    expect(at(track, 1000 + AHEAD_MS_MAX + 4000).x).toBeCloseTo((12 * AHEAD_MS_MAX) / 1000, 5);
  });

  it('does not fall through what it was put on, before the server has said so', () => {
    const track = new BodyTrack(body({ y: 21.45, flags: BodyFlag.Awake | BodyFlag.Ahead }), 1000);
    expect(at(track, 1500).y).toBe(21.45);
    const thrown = new BodyTrack(body({ y: 21.6, vx: 5, vy: -1, flags: BodyFlag.Awake | BodyFlag.Ahead }), 1000);
    expect(at(thrown, 1500, (_x, y) => y < 21).y).toBe(21.6);
  });

  it('keeps flying when the server confirms, and fades into its states without a jump', () => {
    const clock = new FrameClock();
    const thrown = body({ y: 10, vx: 12, flags: BodyFlag.Awake | BodyFlag.Ahead });
    const track = new BodyTrack(thrown, 1000);
    at(track, 1080);
    track.receive({ ...thrown, flags: BodyFlag.Awake }, clock, 1080);
    expect(at(track, 1300).x).toBeCloseTo(3.6, 5);
    let before = track.x;
    let now = 1300;
    for (let f = 1; f <= 12; f++) {
      track.receive(body({ x: 1.2 * f, y: 10, vx: 12, frame: f }), clock, now);
      for (let i = 0; i < 10; i++, now += 10) {
        const { x } = at(track, now);
        expect(Math.abs(x - before)).toBeLessThan(0.3);
        before = x;
      }
    }
    // Two time constants and more: what is shown is what is true.
    expect(track.x).toBeCloseTo(1.2 * 12 - (1.2 * (BODY_DELAY_MS - 90)) / BODY_FRAME_MS, 0);
  });
});

describe('BodyTracks', () => {
  const frame = (...bodies: Body[]) => ({ bodies, bodyCount: bodies.length });

  it('keeps what came, forgets what went', () => {
    const tracks = new BodyTracks();
    tracks.receive(frame(body({ handle: 1 }), body({ handle: 2 })), 1000);
    tracks.receive(frame({ ...emptyBody(), handle: 1, flags: BodyFlag.Gone }), 1100);
    expect([...tracks.tracks.keys()]).toEqual([2]);
  });

  it('names the middle of a blast, once, and not of rubble that has long been lying there', () => {
    const tracks = new BodyTracks();
    const rubble = (handle: number, x: number, more: Partial<Body> = {}) => body({ handle, kind: BodyKind.Rubble, x, ...more });
    expect(tracks.receive(frame(rubble(1, 2), rubble(2, 4), body({ handle: 3, x: 100 })), 1000)).toEqual({ x: 3, y: 0, z: 0, count: 2 });
    expect(tracks.receive(frame(rubble(1, 2), rubble(2, 4)), 1100)).toBeNull();
    expect(tracks.receive(frame(rubble(4, 2, { flags: 0 }), rubble(5, 2, { frame: 9 })), 1200)).toBeNull();
  });

  it('plays two hundred bodies in well under a millisecond a frame', () => {
    const tracks = new BodyTracks();
    for (let f = 1; f <= 3; f++) tracks.receive(frame(...Array.from({ length: 200 }, (_, i) => body({ handle: i + 1, x: i, frame: f, vx: 1 }))), 900 + f * 100);
    const rounds = 300;
    // The processor's time, not the clock's: what else the machine does is none of it.
    const before = process.cpuUsage();
    for (let n = 0; n < rounds; n++) for (const track of tracks.tracks.values()) track.play(1200 + n, air);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000 / rounds).toBeLessThan(1);
  });
});
