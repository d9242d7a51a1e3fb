import { PHOTO_HEAD_BYTES, PhotoEnd, type PhotoAsk, type PhotoState, type PhotoTile } from '../src/edge/photo';

const SIDE = 32;

/** What C# and helpers do, made up: a sky over a meadow, some tiles a call. `?photo=nobody`: no helper is there. */
export function developmentPhoto(query: URLSearchParams): { ask(json: string): boolean; cancel(): void; take(): Uint8Array } {
  let asked: PhotoAsk | null = null;
  let left: PhotoTile[] = [];
  let tiles = 0;
  let calls = 0;
  const nobody = query.get('photo') === 'nobody';
  return {
    ask(json) {
      asked = JSON.parse(json) as PhotoAsk;
      const { width, height } = asked;
      left = [];
      for (let top = 0; top < height; top += SIDE)
        for (let x = 0; x < width; x += SIDE) left.push(tile(x, top, Math.min(SIDE, width - x), Math.min(SIDE, height - top), height));
      tiles = left.length;
      calls = 0;
      return true;
    },
    cancel() {
      asked = null;
      left = [];
    },
    take() {
      if (!asked || tiles === 0) return new Uint8Array(0);
      const came = nobody ? [] : left.splice(0, 6);
      const end = nobody && ++calls > 40 ? PhotoEnd.Unfinished : !nobody && left.length === 0 ? PhotoEnd.Whole : PhotoEnd.None;
      const state = { end, tiles, done: tiles - left.length, helpers: nobody ? 0 : 3, text: end === PhotoEnd.Unfinished ? 'there is no helper' : '' };
      if (end !== PhotoEnd.None) tiles = 0;
      return writePhoto(came, state);
    },
  };
}

/** Writes what `readPhoto` reads. */
export function writePhoto(tiles: readonly PhotoTile[], state: PhotoState | null): Uint8Array {
  const parts: Uint8Array[] = [];
  const add = (type: number, end: number, numbers: number[], body: Uint8Array) => {
    const bytes = new Uint8Array(PHOTO_HEAD_BYTES + body.byteLength);
    const view = new DataView(bytes.buffer);
    view.setUint8(0, type);
    view.setUint8(1, end);
    numbers.forEach((number, i) => view.setUint16(2 + 2 * i, number, true));
    view.setUint32(12, body.byteLength, true);
    bytes.set(body, PHOTO_HEAD_BYTES);
    parts.push(bytes);
  };
  for (const tile of tiles) add(0, 0, [tile.left, tile.top, tile.width, tile.height], tile.pixels);
  if (state) add(1, state.end, [state.tiles, state.done, state.helpers, 0], new TextEncoder().encode(state.text));
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.byteLength;
  }
  return all;
}

function tile(left: number, top: number, width: number, height: number, of: number): PhotoTile {
  const pixels = new Uint8Array(width * height * 4);
  for (let i = 0; i < pixels.length; i += 4) {
    const y = (top + Math.floor(i / 4 / width)) / of;
    pixels.set(y < 0.5 ? [70 + 120 * y, 120 + 140 * y, 220, 128] : [60, 110, 30, 128], i);
  }
  return { left, top, width, height, pixels };
}
