import { clockNow } from '../edge/clock';
import { Action, BodyFlag, BodyKind, Button, Connection, FrameFlag, OtherFlag } from '../edge/frame';
import { PhotoEnd } from '../edge/photo';
import { rtcLinks, type LinkStats } from '../edge/rtc';
import { socketCounters } from '../edge/socket';
import type { Game } from './game';

/** `window.egregore`: what tests and curious players read and press. Documented in docs/web.md; positions are of the feet, in blocks. */
export interface DebugHandle {
  stats(): Record<string, number | boolean | string>;
  /** How long C# took in each step since the last call, with what it did since the step before, milliseconds; of many, the last 1,200. */
  stepTimes(): number[];
  /** When own states left and others' newest were read since the last call, in milliseconds since the Unix epoch; the first call turns it on. */
  trace(): { sent: { tick: number; atMs: number }[]; heard: { peer: string; tick: number; atMs: number; path: 'Direct' | 'Relay' | 'Truth' }[] };
  /** One entry a direct link, from getStats(). */
  rtc(): Promise<LinkStats[]>;
  position(): { x: number; y: number; z: number; yaw: number; pitch: number };
  others(): { handle: number; peer: string; name: string; x: number; y: number; z: number; direct: boolean; relay: boolean; stale: boolean; rttMs: number | null }[];
  connection(): string;
  serverGone(): boolean;
  /** True once the first frame with ground was drawn. */
  walking(): boolean;
  /** Names of buttons: forward, back, left, right, jump, run, sneak. Ends by itself. */
  press(buttons: (keyof typeof BUTTONS)[] | number, ms: number): void;
  look(yaw: number, pitch: number): void;
  act(action: keyof typeof ACTIONS): void;
  /** Crates and rubble as they are drawn; positions are of the centre. */
  bodies(): { handle: number; kind: 'crate' | 'rubble'; block: number; awake: boolean; ahead: boolean; frame: number; x: number; y: number; z: number }[];
  /** Chooses the block kind to place; false when the hotbar has none of it. */
  select(kind: number): boolean;
  /** The kind of a block as the picture has it. */
  block(x: number, y: number, z: number): number;
  /** Photo mode: whether it is on, and its picture. */
  photo(): { open: boolean; tiles: number; drawn: number; helpers: number; end: string; text: string };
  /** The block under the crosshair. */
  target(): { x: number; y: number; z: number; face: number; kind: number } | null;
  /** The handle of the crate or piece of rubble under the crosshair, if one is nearer than that block. */
  aimed(): number | null;
}

const BUTTONS = { forward: Button.Forward, back: Button.Back, left: Button.Left, right: Button.Right, jump: Button.Jump, run: Button.Run, sneak: Button.Sneak };

const ACTIONS = { dig: Action.Dig, place: Action.Place, throw: Action.Throw, crate: Action.Crate, blast: Action.Blast };

declare global {
  interface Window {
    egregore?: DebugHandle;
  }
}

export function debugHandle(game: Game): DebugHandle {
  const { frame, input, scene } = game;
  const connection = () => Object.entries(Connection).find(([, value]) => value === frame.connection)?.[0].toLowerCase() ?? 'unknown';
  return {
    stats: () => ({
      framesPerSecond: game.framesPerSecond,
      stepMs: game.stepMs,
      drawMs: game.drawMs,
      walkingAfterMs: game.walkingAfterMs,
      bodies: scene.bodies.count,
      bodiesMs: scene.bodiesMs,
      triangles: scene.triangles,
      chunks: scene.chunks.count,
      chunksPending: scene.chunks.pending,
      software: scene.software,
      connection: connection(),
      serverGone: frame.has(FrameFlag.ServerGone),
      tick: frame.tick,
      peersDirect: frame.peersDirect,
      peersRelay: frame.peersRelay,
      directRttMs: frame.directRttMs,
      viaServerRttMs: frame.viaServerRttMs,
      serverRttMs: frame.serverRttMs,
      pendingActions: frame.pendingActions,
      ...Object.fromEntries(Object.entries(socketCounters()).map(([name, value]) => [`socket.${name}`, value])),
      ...Object.fromEntries(Object.entries(rtcLinks().counters).map(([name, value]) => [`rtc.${name}`, value])),
    }),
    stepTimes: () => game.takeStepTimes(),
    trace: () => game.trace() as ReturnType<DebugHandle['trace']>,
    rtc: () => rtcLinks().stats(),
    position: () => ({ ...frame.current, yaw: input.yaw, pitch: input.pitch }),
    others: () => frame.others.slice(0, frame.otherCount).map((other) => ({
      handle: other.handle,
      peer: scene.people.peerOf(other.handle),
      name: scene.people.nameOf(other.handle),
      x: other.x,
      y: other.y,
      z: other.z,
      direct: (other.flags & OtherFlag.Direct) !== 0,
      relay: (other.flags & OtherFlag.Relay) !== 0,
      stale: (other.flags & OtherFlag.Stale) !== 0,
      rttMs: Number.isNaN(other.rttMs) ? null : other.rttMs,
    })),
    connection,
    serverGone: () => frame.has(FrameFlag.ServerGone),
    walking: () => game.walkingAfterMs > 0,
    press: (buttons, ms) => input.press(typeof buttons === 'number' ? buttons : buttons.reduce((sum, name) => sum | BUTTONS[name], 0), clockNow() + ms),
    look: (yaw, pitch) => {
      input.yaw = yaw;
      input.pitch = pitch;
    },
    act: (action) => input.act(ACTIONS[action]),
    bodies: () => [...scene.bodies.tracks.tracks.values()].map(({ body, x, y, z }) => ({
      handle: body.handle,
      kind: body.kind === BodyKind.Crate ? 'crate' : 'rubble',
      block: body.block,
      awake: (body.flags & BodyFlag.Awake) !== 0,
      ahead: (body.flags & BodyFlag.Ahead) !== 0,
      frame: body.frame,
      x,
      y,
      z,
    })),
    select: (kind) => game.selectKind(kind),
    block: (x, y, z) => scene.chunks.block(x, y, z),
    photo: () => {
      const { state, drawn, isOpen } = game.photo;
      const end = Object.entries(PhotoEnd).find(([, value]) => value === state.end)?.[0].toLowerCase() ?? 'none';
      return { open: isOpen, tiles: state.tiles, drawn: drawn.size, helpers: state.helpers, end, text: state.text };
    },
    target: () => (frame.has(FrameFlag.Target) ? { ...frame.target } : null),
    aimed: () => scene.aimed?.body.handle ?? null,
  };
}
