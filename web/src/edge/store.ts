import type { ByteView } from './bytes';

/**
 * A key-value store in IndexedDB: identities, and the client cache that makes a reconnect the same session.
 * Where IndexedDB is refused (private windows, full disks) values live in memory for as long as the page does, and the page says so.
 *
 * C# reads in two steps, as a promise cannot carry bytes: `storeLoad(key)` resolves to the length (-1: absent), then `storeTake(key)` returns them.
 */
const DATABASE = 'egregore';
const TABLE = 'values';
/** Bytes of one value. */
const VALUE_BYTES_MAX = 32 * 1024 * 1024;

const memory = new Map<string, unknown>();
const loaded = new Map<string, Uint8Array<ArrayBuffer>>();
let database: Promise<IDBDatabase | null> | null = null;
let onDegraded: (reason: string) => void = () => {};

/** Called once, with a sentence for the player, when values cannot be kept beyond this page. */
export function storeOnDegraded(handler: (reason: string) => void): void {
  onDegraded = handler;
}

export async function storeLoad(key: string): Promise<number> {
  const value = await readValue(key);
  if (!(value instanceof Uint8Array)) return -1;
  loaded.set(key, value as Uint8Array<ArrayBuffer>);
  return value.byteLength;
}

/** The bytes that `storeLoad` found, once; empty afterwards. */
export function storeTake(key: string): Uint8Array<ArrayBuffer> {
  const value = loaded.get(key) ?? new Uint8Array();
  loaded.delete(key);
  return value;
}

/** Resolves to false when the value was too large or could only be kept in memory. */
export async function storeSave(key: string, bytes: ByteView): Promise<boolean> {
  if (bytes.byteLength > VALUE_BYTES_MAX) return false;
  return writeValue(key, bytes.slice());
}

export async function storeRemove(key: string): Promise<void> {
  memory.delete(key);
  await run('readwrite', (table) => table.delete(key));
}

/** Any value that can be cloned; for key pairs, which have no bytes. */
export async function readValue(key: string): Promise<unknown> {
  if (memory.has(key)) return memory.get(key);
  return (await run('readonly', (table) => table.get(key)))?.value;
}

export async function writeValue(key: string, value: unknown): Promise<boolean> {
  const kept = await run('readwrite', (table) => table.put(value, key));
  if (kept) memory.delete(key);
  else memory.set(key, value);
  return kept !== null;
}

export async function listKeys(prefix: string): Promise<string[]> {
  const range = IDBKeyRange.bound(prefix, prefix + '\uffff');
  const found = await run('readonly', (table) => table.getAllKeys(range));
  return ((found?.value as string[] | undefined) ?? []).concat([...memory.keys()].filter((k) => k.startsWith(prefix)));
}

async function run<T>(mode: IDBTransactionMode, request: (table: IDBObjectStore) => IDBRequest<T>): Promise<{ value: T } | null> {
  database ??= open();
  const opened = await database;
  if (!opened) return null;
  try {
    return await new Promise((resolve, reject) => {
      const transaction = opened.transaction(TABLE, mode);
      const running = request(transaction.objectStore(TABLE));
      transaction.oncomplete = () => resolve({ value: running.result });
      transaction.onabort = transaction.onerror = () => reject(transaction.error ?? running.error);
    });
  } catch (error) {
    degrade(error);
    return null;
  }
}

function open(): Promise<IDBDatabase | null> {
  return new Promise((resolve) => {
    try {
      const request = indexedDB.open(DATABASE, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(TABLE);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => {
        degrade(request.error);
        resolve(null);
      };
    } catch (error) {
      degrade(error);
      resolve(null);
    }
  });
}

function degrade(error: unknown): void {
  database = Promise.resolve(null);
  onDegraded(`This browser keeps nothing for this page (${error instanceof Error ? error.message : String(error)}). You can play; a reload makes you a new player.`);
}
