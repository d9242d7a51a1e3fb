/**
 * FlatBuffers (https://flatbuffers.dev/internals) for the few tables that a helper reads and writes, driven by descriptions of them; the whole of it is
 * smaller than the library alone. The writer lays tables out as `Egregore.Wire.FlatWriter` does, so that the same values are the same bytes.
 */
export type Scalar = 'u8' | 'u16' | 'u32' | 'u64' | 'i64' | 'bool';
export type Field = { readonly id: number; readonly type: Scalar | 'text' | 'bytes' | 'peer' } | { readonly id: number; readonly type: 'tables'; readonly of: Table; readonly max: number };
export type Table = Readonly<Record<string, Field>>;

type Value<F extends Field> = F extends { of: infer T extends Table }
  ? Read<T>[]
  : F['type'] extends 'u64' | 'i64' ? bigint : F['type'] extends 'bool' ? boolean : F['type'] extends 'text' | 'peer' ? string : F['type'] extends 'bytes' ? Uint8Array<ArrayBuffer> : number;

/** Every field is there: absent ones have the schema's defaults (0, false, empty). */
export type Read<T extends Table> = { -readonly [K in keyof T]: Value<T[K]> };

/** Bytes are not what they should be; the message says where. */
export class FlatError extends Error {}

const SIZES: Record<string, number> = { u8: 1, bool: 1, u16: 2, u32: 4, u64: 8, i64: 8, peer: 16 };
const ALIGNMENTS: Record<string, number> = { ...SIZES, peer: 8 };
const isReference = (field: Field) => field.type === 'text' || field.type === 'bytes' || field.type === 'tables';
const alignmentOf = (field: Field) => (isReference(field) ? 4 : ALIGNMENTS[field.type]!);

/** Reads a buffer's root table; vectors of bytes are copied. Throws {@link FlatError} for whatever does not lie in the buffer or is over a bound. */
export function readFlat<T extends Table>(table: T, bytes: Uint8Array): Read<T> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    return readTable(table, view, view.getUint32(0, true));
  } catch (error) {
    throw error instanceof RangeError ? new FlatError(`an offset leads out of the buffer of ${bytes.byteLength} bytes`) : error;
  }
}

function readTable<T extends Table>(table: T, view: DataView, at: number): Read<T> {
  const vtable = at - view.getInt32(at, true);
  const slots = view.getUint16(vtable, true);
  const result: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(table)) {
    const slot = 4 + 2 * field.id;
    const offset = slot + 2 <= slots ? view.getUint16(vtable + slot, true) : 0;
    result[name] = readField(field, view, offset === 0 ? -1 : at + offset);
  }
  return result as Read<T>;
}

function readField(field: Field, view: DataView, at: number): unknown {
  switch (field.type) {
    case 'u8': return at < 0 ? 0 : view.getUint8(at);
    case 'bool': return at >= 0 && view.getUint8(at) !== 0;
    case 'u16': return at < 0 ? 0 : view.getUint16(at, true);
    case 'u32': return at < 0 ? 0 : view.getUint32(at, true);
    case 'u64': return at < 0 ? 0n : view.getBigUint64(at, true);
    case 'i64': return at < 0 ? 0n : view.getBigInt64(at, true);
    case 'peer': return at < 0 ? '' : hex64(view.getBigUint64(at, true)) + hex64(view.getBigUint64(at + 8, true));
    case 'bytes': return at < 0 ? new Uint8Array() : vector(view, at).slice();
    case 'text': return at < 0 ? '' : new TextDecoder().decode(vector(view, at));
    case 'tables': {
      if (at < 0) return [];
      const start = at + view.getUint32(at, true);
      const count = view.getUint32(start, true);
      if (count > field.max) throw new FlatError(`${count} tables, at most ${field.max} are taken`);
      return Array.from({ length: count }, (_, i) => {
        const element = start + 4 + 4 * i;
        return readTable(field.of, view, element + view.getUint32(element, true));
      });
    }
  }
}

const hex64 = (value: bigint) => value.toString(16).padStart(16, '0');

function vector(view: DataView, at: number): Uint8Array<ArrayBuffer> {
  const start = at + view.getUint32(at, true);
  const length = view.getUint32(start, true);
  if (start + 4 + length > view.byteLength) throw new FlatError(`a vector of ${length} bytes leads out of the buffer`);
  return new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset + start + 4, length);
}

/** Writes a table as a buffer of its own. Absent, empty and zero values are left out. Tables and peers inside are read only: a helper sends none. */
export function writeFlat<T extends Table>(table: T, value: Partial<Read<T>>): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder();
  const present: { field: Field; value: number | bigint | boolean | Uint8Array }[] = [];
  let slots = 0;
  let room = 64;
  for (const [name, field] of Object.entries(table)) {
    const given = (value as Record<string, number | bigint | boolean | string | Uint8Array | undefined>)[name];
    if (!given || (given instanceof Uint8Array && given.byteLength === 0)) continue;
    const kept = typeof given === 'string' ? text.encode(given) : given;
    present.push({ field, value: kept });
    slots = Math.max(slots, field.id + 1);
    room += 32 + (kept instanceof Uint8Array ? kept.byteLength : 0);
  }
  const bytes = new Uint8Array(room);
  const view = new DataView(bytes.buffer);
  const vtableBytes = 4 + 2 * slots;
  let at = (4 + vtableBytes + 3) & ~3;
  if (present.some(({ field }) => alignmentOf(field) === 8) && (at & 7) === 0) at += 4;
  const start = at;
  const vtable = start - vtableBytes;
  view.setUint32(0, start, true);
  view.setUint16(vtable, vtableBytes, true);
  view.setInt32(start, vtableBytes, true);
  at += 4;
  const references: { at: number; id: number; zero: boolean; bytes: Uint8Array }[] = [];
  for (const { field, value: kept } of [...present].sort((a, b) => alignmentOf(b.field) - alignmentOf(a.field) || a.field.id - b.field.id)) {
    view.setUint16(vtable + 4 + 2 * field.id, at - start, true);
    if (kept instanceof Uint8Array) references.push({ at, id: field.id, zero: field.type === 'text', bytes: kept });
    else if (typeof kept === 'bigint') view.setBigUint64(at, BigInt.asUintN(64, kept), true);
    else if (field.type === 'u32') view.setUint32(at, kept as number, true);
    else if (field.type === 'u16') view.setUint16(at, kept as number, true);
    else view.setUint8(at, Number(kept));
    at += isReference(field) ? 4 : SIZES[field.type]!;
  }
  view.setUint16(vtable + 2, at - start, true);
  for (const reference of references.sort((a, b) => a.id - b.id)) {
    at = (at + 3) & ~3;
    view.setUint32(reference.at, at - reference.at, true);
    view.setUint32(at, reference.bytes.byteLength, true);
    bytes.set(reference.bytes, at + 4);
    at += 4 + reference.bytes.byteLength + (reference.zero ? 1 : 0);
  }
  return bytes.slice(0, at);
}
