import type { BlockKind } from '../edge/frame';

/** How a kind of block is drawn. What it does is the game's business (C#). */
export interface BlockLook {
  /** Names of the tiles (tiles.ts) on top, sides and bottom. */
  top: string;
  side: string;
  bottom: string;
  /** Opaque blocks hide what is behind them and stop light. */
  opaque: boolean;
  /** Light it gives, 0 to 14. */
  light: number;
  /** The surface lies a little below the top of the block, and moves. */
  liquid: boolean;
}

const cube = (tile: string, more: Partial<BlockLook> = {}): BlockLook => ({ top: tile, side: tile, bottom: tile, opaque: true, light: 0, liquid: false, ...more });

/** Looks by texture name. */
export const LOOKS: Readonly<Record<string, BlockLook>> = {
  grass: { ...cube('dirt'), top: 'grass', side: 'grassSide' },
  dirt: cube('dirt'),
  stone: cube('stone'),
  sand: cube('sand'),
  wood: { ...cube('bark'), top: 'rings', bottom: 'rings' },
  leaves: cube('leaves'),
  snow: { ...cube('dirt'), top: 'snow', side: 'snowSide' },
  water: cube('water', { opaque: false, liquid: true }),
  bricks: cube('bricks'),
  cobble: cube('cobble'),
  planks: cube('planks'),
  glass: cube('glass', { opaque: false }),
  lamp: cube('lamp', { light: 14 }),
  bedrock: cube('bedrock'),
  crate: cube('crate'),
};

/** The voxel arena's kinds: what the development source has, and what is assumed when C# names none. */
export const DEFAULT_KINDS: readonly BlockKind[] = [
  { id: 1, name: 'Bedrock', texture: 'bedrock', placeable: false },
  { id: 2, name: 'Stone', texture: 'stone', placeable: true },
  { id: 3, name: 'Dirt', texture: 'dirt', placeable: true },
  { id: 4, name: 'Grass', texture: 'grass', placeable: true },
  { id: 5, name: 'Sand', texture: 'sand', placeable: true },
  { id: 6, name: 'Water', texture: 'water', placeable: false },
  { id: 7, name: 'Snow', texture: 'snow', placeable: true },
  { id: 8, name: 'Wood', texture: 'wood', placeable: true },
  { id: 9, name: 'Leaves', texture: 'leaves', placeable: true },
  { id: 10, name: 'Planks', texture: 'planks', placeable: true },
  { id: 11, name: 'Bricks', texture: 'bricks', placeable: true },
  { id: 12, name: 'Cobble', texture: 'cobble', placeable: true },
  { id: 13, name: 'Glass', texture: 'glass', placeable: true },
  { id: 14, name: 'Lamp', texture: 'lamp', placeable: true },
];

/** The look of every kind as flat tables for the mesher; index is the block kind, 0 is air. */
export interface LookTable {
  opaque: Uint8Array;
  liquid: Uint8Array;
  light: Uint8Array;
  /** Tile numbers: `kind * 3 + (0 top, 1 side, 2 bottom)`. */
  tiles: Uint8Array;
}

/** `tileNumber` gives a tile's layer by its name. Kinds with an unknown texture look like stone. */
export function lookTable(kinds: readonly BlockKind[], tileNumber: (name: string) => number): LookTable {
  const table: LookTable = { opaque: new Uint8Array(256), liquid: new Uint8Array(256), light: new Uint8Array(256), tiles: new Uint8Array(256 * 3) };
  for (const { id, texture } of kinds) {
    if (id <= 0 || id > 255) continue;
    const look = LOOKS[texture] ?? LOOKS['stone']!;
    table.opaque[id] = look.opaque ? 1 : 0;
    table.liquid[id] = look.liquid ? 1 : 0;
    table.light[id] = look.light;
    table.tiles.set([tileNumber(look.top), tileNumber(look.side), tileNumber(look.bottom)], id * 3);
  }
  return table;
}
