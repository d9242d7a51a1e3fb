import type { LookTable } from './blocks';
import { meshChunk, type ChunkMesh } from './mesher';

/** To the worker: the looks once, then regions. Back: the mesh, and the region's buffer for reuse. */
export type MeshRequest = { looks: LookTable } | { id: number; region: Uint8Array<ArrayBuffer> };
export interface MeshReply {
  id: number;
  mesh: ChunkMesh;
  region: Uint8Array<ArrayBuffer>;
}

let looks: LookTable;

self.onmessage = ({ data }: MessageEvent<MeshRequest>) => {
  if ('looks' in data) {
    looks = data.looks;
    return;
  }
  const mesh = meshChunk(data.region, looks);
  const reply: MeshReply = { id: data.id, mesh, region: data.region };
  self.postMessage(reply, { transfer: [mesh.opaque.buffer, mesh.translucent.buffer, data.region.buffer] });
};
