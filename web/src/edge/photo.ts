/**
 * A picture that helpers trace, as it crosses between C# and TypeScript. The page asks by `exports.Frame.photoAsk(json)` ({@link PhotoAsk}; false: there is no session), takes it back by
 * `photoCancel(photo)`, and reads what came by `photoTake()`, once a frame while the photo mode is on: records one behind the other, little-endian, the state last.
 *
 * | at | type | tile | state |
 * |---|---|---|---|
 * | 0 | u8 | 0 | 1 |
 * | 1 | u8 | 0 | {@link PhotoEnd} |
 * | 2 | u16 | left, pixels | tiles of the whole picture |
 * | 4 | u16 | top | tiles that are there |
 * | 6 | u16 | width | helpers connected |
 * | 8 | u16 | height | 0 |
 * | 12 | u32 | bytes behind the head: 4 a pixel, row by row | bytes behind the head: UTF-8 |
 *
 * A pixel is red, green, blue and an exponent e: light is red / 256 * 2^(e - 128).
 */
export const PHOTO_HEAD_BYTES = 16;

export const PhotoEnd = { None: 0, Whole: 1, Cancelled: 2, Refused: 3, Unfinished: 4 } as const;

export interface PhotoAsk {
  /** The page's number of it, rising from 1. */
  photo: number;
  /** The eye, in blocks. */
  x: number;
  y: number;
  z: number;
  /** Radians, as in frame.ts. */
  yaw: number;
  pitch: number;
  /** Tangent of half the angle that the picture is high. */
  halfHeight: number;
  width: number;
  height: number;
  /** Rays a pixel. */
  samples: number;
}

export interface PhotoTile {
  left: number;
  top: number;
  width: number;
  height: number;
  pixels: Uint8Array;
}

export interface PhotoState {
  end: number;
  tiles: number;
  done: number;
  helpers: number;
  text: string;
}

/** Reads what `photoTake` gave. What is cut short or does not add up is left out. */
export function readPhoto(bytes: Uint8Array): { tiles: PhotoTile[]; state: PhotoState | null } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tiles: PhotoTile[] = [];
  let state: PhotoState | null = null;
  for (let at = 0; at + PHOTO_HEAD_BYTES <= bytes.byteLength; ) {
    const [a, b, c, d] = [2, 4, 6, 8].map((i) => view.getUint16(at + i, true)) as [number, number, number, number];
    const length = view.getUint32(at + 12, true);
    const body = bytes.subarray(at + PHOTO_HEAD_BYTES, at + PHOTO_HEAD_BYTES + length);
    if (body.byteLength < length) break;
    if (view.getUint8(at) === 1) state = { end: view.getUint8(at + 1), tiles: a, done: b, helpers: c, text: new TextDecoder().decode(body) };
    else if (length === c * d * 4) tiles.push({ left: a, top: b, width: c, height: d, pixels: body });
    at += PHOTO_HEAD_BYTES + length;
  }
  return { tiles, state };
}
