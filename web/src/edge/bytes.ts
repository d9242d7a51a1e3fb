/**
 * Bytes as they cross between C# and TypeScript.
 *
 * A `Span<byte>` that C# marshals as `JSType.MemoryView` has these members, and so has a `Uint8Array` (`byte[]`): every edge
 * function takes either. A view of a span is valid only during the call, so whatever outlives the call is copied first.
 */
export interface ByteView {
  readonly byteLength: number;
  set(source: Uint8Array, offset?: number): void;
  slice(start?: number, end?: number): Uint8Array<ArrayBuffer>;
}

/** RFC 4648 section 5, without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** RFC 4648 section 4, with padding: what `Convert.FromBase64String` reads. */
export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** Reads either alphabet, padded or not. Throws `DOMException` on anything else. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const raw = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(raw, (c) => c.charCodeAt(0));
}
