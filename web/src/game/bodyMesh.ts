import { BoxGeometry, DynamicDrawUsage, InstancedBufferAttribute, InstancedMesh, MeshLambertMaterial, type DataArrayTexture } from 'three';
import { BodyKind, type BlockKind, type FrameOutput } from '../edge/frame';
import { LOOKS } from './blocks';
import { BODIES_MAX, BodyTracks, type BodyTrack, type Solid } from './bodies';
import { bodyMaterial } from './material';
import { tileNumber } from './tiles';

/** What the drawing of bodies asks of the blocks around them. */
export interface Surroundings {
  /** Whether a place is inside a block that one cannot walk through. */
  solid: Solid;
  /** Light from the sky, 0 to 1. */
  skyLight(x: number, y: number, z: number): number;
}

interface Slot {
  track: BodyTrack;
  handle: number;
  /** Block in which its light was taken. */
  cell: number;
  drawn: boolean;
}

/** Bodies whose light is taken anew in a frame though they did not leave their block: what is around them may have changed. */
const RELIT_PER_FRAME = 6;

/** Crates and rubble: one instanced mesh for all, with the tiles and the light of each. */
export class BodyMesh {
  readonly mesh: InstancedMesh<BoxGeometry, MeshLambertMaterial>;
  readonly tracks = new BodyTracks();
  private readonly slots: Slot[] = [];
  private readonly matrices: Float32Array;
  private readonly faces: InstancedBufferAttribute;
  private readonly light: InstancedBufferAttribute;
  private readonly looks = new Map<number, { tiles: readonly [number, number, number]; glow: number }>();
  private readonly around: Surroundings;
  private relit = 0;

  constructor(texture: DataArrayTexture, kinds: readonly BlockKind[], around: Surroundings) {
    this.around = around;
    const geometry = new BoxGeometry(1, 1, 1);
    this.faces = new InstancedBufferAttribute(new Float32Array(3 * BODIES_MAX), 3);
    this.light = new InstancedBufferAttribute(new Float32Array(2 * BODIES_MAX), 2);
    geometry.setAttribute('faceTiles', this.faces);
    geometry.setAttribute('bodyLight', this.light);
    this.mesh = new InstancedMesh(geometry, bodyMaterial(texture), BODIES_MAX);
    this.mesh.instanceMatrix.setUsage(DynamicDrawUsage);
    this.matrices = this.mesh.instanceMatrix.array as Float32Array;
    this.mesh.count = 0;
    // The instances are everywhere around the player; culling them one by one costs more than drawing them.
    this.mesh.frustumCulled = false;
    this.mesh.castShadow = this.mesh.receiveShadow = true;
    for (const { id, texture: name } of kinds) this.looks.set(id, lookOf(name));
  }

  get count(): number {
    return this.slots.length;
  }

  /** Takes the bodies of a frame; gives where a blast has just made rubble, see {@link BodyTracks.receive}. */
  receive(frame: FrameOutput, nowMs: number): ReturnType<BodyTracks['receive']> {
    if (frame.bodyCount === 0) return null;
    const blast = this.tracks.receive(frame, nowMs);
    const known = this.tracks.tracks;
    for (let i = this.slots.length - 1; i >= 0; i--) {
      const slot = this.slots[i]!;
      if (known.get(slot.handle) === slot.track) continue;
      const last = this.slots.pop()!;
      if (last === slot) continue;
      this.slots[i] = last;
      this.dress(i);
    }
    if (known.size !== this.slots.length) {
      const shown = new Set(this.slots.map((slot) => slot.handle));
      for (const [handle, track] of known) {
        if (shown.has(handle)) continue;
        this.slots.push({ track, handle, cell: NaN, drawn: false });
        this.dress(this.slots.length - 1);
      }
    }
    this.mesh.count = this.slots.length;
    return blast;
  }

  draw(nowMs: number): void {
    const { slots } = this;
    let changed = false;
    let lit = false;
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]!;
      const { track } = slot;
      if (track.still && slot.drawn) continue;
      track.play(nowMs, this.around.solid);
      this.place(i, track);
      slot.drawn = true;
      changed = true;
      const cell = cellOf(track);
      if (cell === slot.cell) continue;
      slot.cell = cell;
      this.relight(i, track);
      lit = true;
    }
    for (let n = 0; n < Math.min(RELIT_PER_FRAME, slots.length); n++) {
      this.relit = (this.relit + 1) % slots.length;
      lit = this.relight(this.relit, slots[this.relit]!.track) || lit;
    }
    if (changed) {
      this.mesh.instanceMatrix.clearUpdateRanges();
      this.mesh.instanceMatrix.addUpdateRange(0, slots.length * 16);
      this.mesh.instanceMatrix.needsUpdate = true;
    }
    if (lit) this.light.needsUpdate = true;
  }

  private dress(at: number): void {
    const slot = this.slots[at]!;
    slot.drawn = false;
    slot.cell = NaN;
    const { kind, block } = slot.track.body;
    const look = kind === BodyKind.Crate ? CRATE : (this.looks.get(block) ?? STONE);
    this.faces.setXYZ(at, ...look.tiles);
    this.faces.needsUpdate = true;
    this.light.setY(at, look.glow);
    this.light.needsUpdate = true;
  }

  private relight(at: number, track: BodyTrack): boolean {
    const before = this.light.getX(at);
    const now = this.around.skyLight(track.x, track.y, track.z);
    this.light.setX(at, now);
    return now !== before;
  }

  private place(at: number, { x, y, z, qx, qy, qz, qw, body }: BodyTrack): void {
    const m = this.matrices;
    const o = at * 16;
    const sx = 2 * body.hx;
    const sy = 2 * body.hy;
    const sz = 2 * body.hz;
    m[o] = (1 - 2 * (qy * qy + qz * qz)) * sx;
    m[o + 1] = 2 * (qx * qy + qz * qw) * sx;
    m[o + 2] = 2 * (qx * qz - qy * qw) * sx;
    m[o + 4] = 2 * (qx * qy - qz * qw) * sy;
    m[o + 5] = (1 - 2 * (qx * qx + qz * qz)) * sy;
    m[o + 6] = 2 * (qy * qz + qx * qw) * sy;
    m[o + 8] = 2 * (qx * qz + qy * qw) * sz;
    m[o + 9] = 2 * (qy * qz - qx * qw) * sz;
    m[o + 10] = (1 - 2 * (qx * qx + qy * qy)) * sz;
    m[o + 12] = x;
    m[o + 13] = y;
    m[o + 14] = z;
    m[o + 15] = 1;
  }
}

const lookOf = (texture: string) => {
  const look = LOOKS[texture] ?? LOOKS['stone']!;
  return { tiles: [tileNumber(look.top), tileNumber(look.side), tileNumber(look.bottom)] as const, glow: look.light / 14 };
};
const CRATE = lookOf('crate');
const STONE = lookOf('stone');

const cellOf = ({ x, y, z }: BodyTrack) => (Math.floor(x) * 8192 + Math.floor(z)) * 128 + Math.floor(y);
