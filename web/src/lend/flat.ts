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
    return readTable(table, { view, left: 2 * bytes.byteLength }, view.getUint32(0, true));
  } catch (error) {
    throw error instanceof RangeError ? new FlatError(`an offset leads out of the buffer of ${bytes.byteLength} bytes`) : error;
  }
}

/** What vectors may still take: parts that lie over one another would make much of little. */
interface Input {
  readonly view: DataView;
  left: number;
}

function readTable<T extends Table>(table: T, input: Input, at: number): Read<T> {
  const { view } = input;
  const vtable = at - view.getInt32(at, true);
  const slots = view.getUint16(vtable, true);
  const result: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(table)) {
    const slot = 4 + 2 * field.id;
    const offset = slot + 2 <= slots ? view.getUint16(vtable + slot, true) : 0;
    result[name] = readField(field, input, offset === 0 ? -1 : at + offset);
  }
  return result as Read<T>;
}

function readField(field: Field, input: Input, at: number): unknown {
  const { view } = input;
  switch (field.type) {
    case 'u8': return at < 0 ? 0 : view.getUint8(at);
    case 'bool': return at >= 0 && view.getUint8(at) !== 0;
    case 'u16': return at < 0 ? 0 : view.getUint16(at, true);
    case 'u32': return at < 0 ? 0 : view.getUint32(at, true);
    case 'u64': return at < 0 ? 0n : view.getBigUint64(at, true);
    case 'i64': return at < 0 ? 0n : view.getBigInt64(at, true);
    case 'peer': return at < 0 ? '' : hex64(view.getBigUint64(at, true)) + hex64(view.getBigUint64(at + 8, true));
    case 'bytes': return at < 0 ? new Uint8Array() : vector(input, at).slice();
    case 'text': return at < 0 ? '' : new TextDecoder().decode(vector(input, at));
    case 'tables': {
      if (at < 0) return [];
      const start = at + view.getUint32(at, true);
      const count = view.getUint32(start, true);
      if (count > field.max) throw new FlatError(`${count} tables, at most ${field.max} are taken`);
      return Array.from({ length: count }, (_, i) => {
        const element = start + 4 + 4 * i;
        return readTable(field.of, input, element + view.getUint32(element, true));
      });
    }
  }
}

const hex64 = (value: bigint) => value.toString(16).padStart(16, '0');

function vector(input: Input, at: number): Uint8Array<ArrayBuffer> {
  const { view } = input;
  const start = at + view.getUint32(at, true);
  const length = view.getUint32(start, true);
  if (start + 4 + length > view.byteLength) throw new FlatError(`a vector of ${length} bytes leads out of the buffer`);
  input.left -= length;
  if (input.left < 0) throw new FlatError('vectors lie over one another');
  return new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset + start + 4, length);
}

/** Writes a table as a buffer of its own; absent, empty and zero values are left out. */
export function writeFlat<T extends Table>(table: T, value: Partial<Read<T>>): Uint8Array<ArrayBuffer> {
  const out = new Output();
  out.patch(out.take(4), writeTable(out, table, value as Record<string, unknown>));
  return out.bytes.slice(0, out.length);
}

/** A buffer that grows; what is taken is zero. */
class Output {
  bytes = new Uint8Array(256);
  view = new DataView(this.bytes.buffer);
  length = 0;

  take(count: number): number {
    const at = this.length;
    this.length += count;
    if (this.length > this.bytes.byteLength) {
      const grown = new Uint8Array(2 * this.length);
      grown.set(this.bytes);
      this.bytes = grown;
      this.view = new DataView(grown.buffer);
    }
    return at;
  }

  vector(at: number, count: number, size: number): number {
    this.take(-this.length & 3);
    const start = this.take(4 + count * size);
    this.view.setUint32(start, count, true);
    this.patch(at, start);
    return start + 4;
  }

  patch(at: number, target: number): void {
    this.view.setUint32(at, target - at, true);
  }
}

/** The vtable, the table, and behind it what it refers to; gives the table's position. */
function writeTable(out: Output, table: Table, value: Record<string, unknown>): number {
  const present = Object.entries(table).filter(([name]) => value[name] && (value[name] as { length?: number }).length !== 0).map(([name, field]) => ({ field, given: value[name], at: 0 }));
  const slots = Math.max(0, ...present.map(({ field }) => field.id + 1));
  const vtableBytes = 4 + 2 * slots;
  let start = (out.length + vtableBytes + 3) & ~3;
  if (present.some(({ field }) => alignmentOf(field) === 8) && (start & 7) === 0) start += 4;
  out.take(start + 4 - out.length);
  const vtable = start - vtableBytes;
  out.view.setUint16(vtable, vtableBytes, true);
  out.view.setInt32(start, vtableBytes, true);
  // Inline fields by falling alignment, so that they need no padding.
  for (const slot of [...present].sort((a, b) => alignmentOf(b.field) - alignmentOf(a.field) || a.field.id - b.field.id)) {
    const { field, given } = slot;
    slot.at = out.take(isReference(field) ? 4 : SIZES[field.type]!);
    out.view.setUint16(vtable + 4 + 2 * field.id, slot.at - start, true);
    if (typeof given === 'bigint') out.view.setBigUint64(slot.at, BigInt.asUintN(64, given), true);
    else if (field.type === 'u32') out.view.setUint32(slot.at, given as number, true);
    else if (field.type === 'u16') out.view.setUint16(slot.at, given as number, true);
    else if (field.type === 'u8' || field.type === 'bool') out.view.setUint8(slot.at, Number(given));
    else if (field.type === 'peer') for (const half of [0, 1]) out.view.setBigUint64(slot.at + 8 * half, BigInt(`0x${(given as string).slice(16 * half, 16 * half + 16)}`), true);
  }
  out.view.setUint16(vtable + 2, out.length - start, true);
  for (const { field, given, at } of present.sort((a, b) => a.field.id - b.field.id)) {
    if (field.type === 'tables') {
      const items = given as Record<string, unknown>[];
      const first = out.vector(at, items.length, 4);
      items.forEach((item, i) => out.patch(first + 4 * i, writeTable(out, field.of, item)));
    } else if (isReference(field)) {
      const bytes = typeof given === 'string' ? new TextEncoder().encode(given) : (given as Uint8Array);
      const room = out.vector(at, bytes.byteLength, 1);
      out.bytes.set(bytes, room);
      if (field.type === 'text') out.take(1);
    }
  }
  return start;
}
