import { Box3, BufferGeometry, Group, InterleavedBuffer, InterleavedBufferAttribute, Mesh, Sphere, Uint32BufferAttribute, Vector3, type Material } from 'three';
import type { BlockKind } from '../edge/frame';
import { lookTable } from './blocks';
import { fillRegion, HEIGHT, MARGIN, REGION_BYTES, SIZE, VERTEX_BYTES, type ChunkMesh } from './mesher';
import type { MeshReply, MeshRequest } from './mesher.worker';
import { tileNumber } from './tiles';

/** Where blocks come from: C#, or the development source. */
export interface ChunkSource {
  chunk(x: number, z: number): Uint8Array;
}

interface Chunk {
  x: number;
  z: number;
  blocks: Uint8Array;
  opaque: Mesh | null;
  translucent: Mesh | null;
  dirty: boolean;
  meshing: boolean;
  meshed: boolean;
}

const keyOf = (x: number, z: number) => `${x},${z}`;
const QUADS_AT_FIRST = 8192;
/** Regions under way, for each worker. */
const IN_FLIGHT_MAX = 4;
/** Sky light reaches so far under a roof, and fades by this for each block: as the mesher has it. */
const SKY_REACH = 6;
const SKY_FADE = 2 / 15;

/** The chunks around the player: keeps their blocks, has them meshed in workers, and holds the meshes. */
export class ChunkField {
  readonly group = new Group();
  private readonly chunks = new Map<string, Chunk>();
  private readonly workers: Worker[];
  private readonly source: ChunkSource;
  private readonly materials: { opaque: Material; translucent: Material };
  private readonly regions: Uint8Array<ArrayBuffer>[] = [];
  private readonly waiting = new Map<number, Chunk>();
  private nextId = 1;
  private readonly opaque: Uint8Array;
  private readonly liquid: Uint8Array;
  private indices = quadIndices(QUADS_AT_FIRST);

  constructor(source: ChunkSource, kinds: readonly BlockKind[], materials: { opaque: Material; translucent: Material }, workers: number) {
    this.source = source;
    this.materials = materials;
    const looks = lookTable(kinds, tileNumber);
    this.opaque = looks.opaque;
    this.liquid = looks.liquid;
    this.workers = Array.from({ length: workers }, () => {
      const worker = new Worker(new URL('./mesher.worker.ts', import.meta.url), { type: 'module', name: 'mesher' });
      worker.postMessage({ looks } satisfies MeshRequest);
      worker.onmessage = ({ data }: MessageEvent<MeshReply>) => this.meshed(data);
      return worker;
    });
  }

  get count(): number {
    return this.chunks.size;
  }

  /** Chunks whose mesh is missing or out of date and could be made now. */
  get pending(): number {
    let count = 0;
    for (const chunk of this.chunks.values()) if ((chunk.dirty || chunk.meshing) && this.surrounded(chunk)) count++;
    return count;
  }

  /** The kind of a block; 0 where nothing is loaded. */
  block(x: number, y: number, z: number): number {
    const chunk = this.chunks.get(keyOf(Math.floor(x / SIZE), Math.floor(z / SIZE)));
    if (!chunk || y < 0 || y >= HEIGHT) return 0;
    return chunk.blocks[(Math.floor(y) * SIZE + (Math.floor(z) & 15)) * SIZE + (Math.floor(x) & 15)]!;
  }

  /** Whether a place is inside a block that holds things up; false where nothing is loaded. */
  readonly solid = (x: number, y: number, z: number): boolean => {
    const kind = this.block(x, y, z);
    return kind !== 0 && this.liquid[kind] === 0;
  };

  /** Light from the sky at a place, 0 to 1: whole under the open sky, less for each block to the nearest open column along an axis. */
  skyLight(x: number, y: number, z: number): number {
    if (this.open(x, y, z)) return 1;
    for (let d = 1; d <= SKY_REACH; d++) if (this.open(x + d, y, z) || this.open(x - d, y, z) || this.open(x, y, z + d) || this.open(x, y, z - d)) return 1 - d * SKY_FADE;
    return 0;
  }

  private open(x: number, y: number, z: number): boolean {
    const chunk = this.chunks.get(keyOf(Math.floor(x / SIZE), Math.floor(z / SIZE)));
    if (!chunk) return true;
    const column = (Math.floor(z) & 15) * SIZE + (Math.floor(x) & 15);
    for (let at = Math.max(0, Math.floor(y) + 1); at < HEIGHT; at++) if (this.opaque[chunk.blocks[at * SIZE * SIZE + column]!] === 1) return false;
    return true;
  }

  /** Whether the chunk at these blocks has been drawn, and nothing beside it is still to come. */
  shownNear(x: number, z: number): boolean {
    for (let dz = -1; dz <= 1; dz++) for (let dx = -1; dx <= 1; dx++) if (!this.chunks.get(keyOf(Math.floor(x / SIZE) + dx, Math.floor(z / SIZE) + dz))?.meshed) return false;
    return true;
  }

  /** A chunk came or changed: its blocks are read anew, and it and the neighbours that see the change are meshed. */
  changed(x: number, z: number): void {
    const blocks = this.source.chunk(x, z);
    if (blocks.byteLength !== SIZE * SIZE * HEIGHT) return;
    const key = keyOf(x, z);
    const known = this.chunks.get(key);
    if (!known) {
      this.chunks.set(key, { x, z, blocks, opaque: null, translucent: null, dirty: true, meshing: false, meshed: false });
      return;
    }
    const reach = changedReach(known.blocks, blocks);
    known.blocks = blocks;
    for (let dz = -1; dz <= 1; dz++) {
      for (let dx = -1; dx <= 1; dx++) {
        const seen = (dx === 0 || (dx < 0 ? reach.west : reach.east)) && (dz === 0 || (dz < 0 ? reach.north : reach.south));
        const chunk = this.chunks.get(keyOf(x + dx, z + dz));
        if (chunk && seen && reach.any) chunk.dirty = true;
      }
    }
  }

  /** Once a frame: forgets what is far, hands out the nearest work. `x`, `z` in blocks. */
  update(x: number, z: number, viewDistance: number): void {
    const cx = Math.floor(x / SIZE);
    const cz = Math.floor(z / SIZE);
    const distance = (chunk: Chunk) => Math.max(Math.abs(chunk.x - cx), Math.abs(chunk.z - cz));
    const ready: Chunk[] = [];
    for (const [key, chunk] of this.chunks) {
      const away = distance(chunk);
      if (away > viewDistance + 3) {
        this.show(chunk, null);
        this.chunks.delete(key);
        continue;
      }
      const visible = away <= viewDistance;
      if (chunk.opaque) chunk.opaque.visible = visible;
      if (chunk.translucent) chunk.translucent.visible = visible;
      if (chunk.dirty && !chunk.meshing && visible && this.surrounded(chunk)) ready.push(chunk);
    }
    const room = this.workers.length * IN_FLIGHT_MAX - this.waiting.size;
    if (ready.length === 0 || room <= 0) return;
    // What the player changed comes first, then what is near.
    const urgency = (c: Chunk) => (c.meshed ? 0 : 1000) + (c.x - cx) ** 2 + (c.z - cz) ** 2;
    ready.sort((a, b) => urgency(a) - urgency(b));
    for (const chunk of ready.slice(0, room)) this.mesh(chunk);
  }

  dispose(): void {
    for (const worker of this.workers) worker.terminate();
    for (const chunk of this.chunks.values()) this.show(chunk, null);
    this.chunks.clear();
  }

  private surrounded(chunk: Chunk): boolean {
    for (let dz = -1; dz <= 1; dz++) for (let dx = -1; dx <= 1; dx++) if (!this.chunks.has(keyOf(chunk.x + dx, chunk.z + dz))) return false;
    return true;
  }

  private mesh(chunk: Chunk): void {
    const region = this.regions.pop() ?? new Uint8Array(REGION_BYTES);
    fillRegion(region, (dx, dz) => this.chunks.get(keyOf(chunk.x + dx, chunk.z + dz))?.blocks);
    chunk.dirty = false;
    chunk.meshing = true;
    const id = this.nextId++;
    this.waiting.set(id, chunk);
    this.workers[id % this.workers.length]!.postMessage({ id, region } satisfies MeshRequest, [region.buffer]);
  }

  private meshed({ id, mesh, region }: MeshReply): void {
    this.regions.push(region);
    const chunk = this.waiting.get(id);
    this.waiting.delete(id);
    if (!chunk) return;
    chunk.meshing = false;
    chunk.meshed = true;
    if (this.chunks.get(keyOf(chunk.x, chunk.z)) === chunk) this.show(chunk, mesh);
  }

  private show(chunk: Chunk, mesh: ChunkMesh | null): void {
    chunk.opaque = this.replace(chunk, chunk.opaque, mesh?.opaque, mesh, this.materials.opaque);
    chunk.translucent = this.replace(chunk, chunk.translucent, mesh?.translucent, mesh, this.materials.translucent);
  }

  private replace(chunk: Chunk, old: Mesh | null, vertices: Uint8Array | undefined, bounds: ChunkMesh | null, material: Material): Mesh | null {
    if (old) {
      this.group.remove(old);
      // The index is shared: taken out first, so that disposing does not free it for all.
      old.geometry.setIndex(null);
      old.geometry.dispose();
    }
    if (!bounds || !vertices || vertices.byteLength === 0) return null;
    const quads = vertices.byteLength / (4 * VERTEX_BYTES);
    if (quads * 6 > this.indices.count) this.indices = quadIndices(quads * 2);
    const buffer = new InterleavedBuffer(vertices, VERTEX_BYTES);
    const geometry = new BufferGeometry();
    geometry.setAttribute('position', new InterleavedBufferAttribute(buffer, 3, 0));
    geometry.setAttribute('face', new InterleavedBufferAttribute(buffer, 1, 3));
    geometry.setAttribute('shade', new InterleavedBufferAttribute(buffer, 4, 4, true));
    geometry.setIndex(this.indices);
    geometry.setDrawRange(0, quads * 6);
    geometry.boundingBox = new Box3(new Vector3(0, bounds.minY, 0), new Vector3(SIZE, bounds.maxY, SIZE));
    geometry.boundingSphere = geometry.boundingBox.getBoundingSphere(new Sphere());
    const made = new Mesh(geometry, material);
    made.position.set(chunk.x * SIZE, 0, chunk.z * SIZE);
    made.updateMatrix();
    made.matrixAutoUpdate = false;
    made.castShadow = made.receiveShadow = material === this.materials.opaque;
    this.group.add(made);
    return made;
  }
}

/** Which neighbours a change can be seen from: those whose region holds a changed block. */
export function changedReach(before: Uint8Array, after: Uint8Array): { any: boolean; west: boolean; east: boolean; north: boolean; south: boolean } {
  const reach = { any: false, west: false, east: false, north: false, south: false };
  for (let i = 0; i < after.length; i++) {
    if (before[i] === after[i]) continue;
    const x = i & 15;
    const z = (i >> 4) & 15;
    reach.any = true;
    if (x < MARGIN) reach.west = true;
    else reach.east = true;
    if (z < MARGIN) reach.north = true;
    else reach.south = true;
  }
  return reach;
}

function quadIndices(quads: number): Uint32BufferAttribute {
  const indices = new Uint32Array(quads * 6);
  for (let q = 0; q < quads; q++) indices.set([4 * q, 4 * q + 1, 4 * q + 2, 4 * q, 4 * q + 2, 4 * q + 3], 6 * q);
  return new Uint32BufferAttribute(indices, 1);
}
