import { toBase64, type ByteView } from './bytes';
import { listKeys, readValue, storeRemove, writeValue } from './store';

/**
 * The peer's identity: an ECDSA P-256 key pair in WebCrypto. The private key cannot be exported; IndexedDB keeps the key object.
 *
 * Which identity: `?identity=NAME` names one that every tab with that name shares; otherwise each tab has its own (its name is in `sessionStorage`,
 * so a reload is the same player, and two windows are two players). A duplicated tab copies `sessionStorage`; a Web Lock tells the two apart.
 */
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const;
const PREFIX = 'identity/';
/** Nameless identities kept in one browser; the oldest go first. */
const IDENTITIES_MAX = 32;

interface Identity {
  keys: CryptoKeyPair;
  usedAtMs: number;
}

let keys: CryptoKeyPair | null = null;
let rawPublicKey = new Uint8Array();
let name = '';

/** Loads or makes the identity; before any other function here. Resolves to its name. Throws where WebCrypto is missing (a page that is not from https or localhost). */
export async function cryptoStart(query: string): Promise<string> {
  if (!globalThis.crypto?.subtle) throw new Error('WebCrypto is missing: open this page over https, or from localhost.');
  const asked = new URLSearchParams(query).get('identity');
  name = asked ? `named:${asked.slice(0, 64)}` : await tabIdentity();
  const kept = (await readValue(PREFIX + name)) as Identity | undefined;
  keys = kept?.keys ?? ((await crypto.subtle.generateKey(ALGORITHM, false, ['sign', 'verify'])) as CryptoKeyPair);
  rawPublicKey = new Uint8Array(await crypto.subtle.exportKey('raw', keys.publicKey));
  await writeValue(PREFIX + name, { keys, usedAtMs: Date.now() } satisfies Identity);
  if (!asked) await prune();
  return name;
}

/** 65 bytes: the uncompressed point (SEC 1 section 2.3.3). */
export function cryptoPublicKey(): Uint8Array {
  return rawPublicKey;
}

/** Resolves to the signature as base64 (64 bytes r||s, IEEE P1363, over SHA-256 of the bytes). */
export async function cryptoSign(bytes: ByteView): Promise<string> {
  return toBase64(await sign(bytes.slice()));
}

/** For TypeScript callers: the same, as bytes. */
export async function sign(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  if (!keys) throw new Error('cryptoStart comes first');
  return new Uint8Array(await crypto.subtle.sign(SIGNATURE, keys.privateKey, bytes));
}

/** False for a wrong signature and for a malformed key alike. */
export async function cryptoVerify(publicKey: ByteView, signature: ByteView, bytes: ByteView): Promise<boolean> {
  const point = publicKey.slice();
  const proof = signature.slice();
  const signed = bytes.slice();
  if (point.byteLength !== 65 || proof.byteLength !== 64) return false;
  try {
    return await crypto.subtle.verify(SIGNATURE, await imported(point), proof, signed);
  } catch {
    return false;
  }
}

/** `count` random bytes, at most 65,536. */
export function cryptoRandom(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count));
}

/** Keys seen lately: a neighbour signs a checkpoint every second or so, and importing costs more than verifying. */
const IMPORTED_MAX = 64;
const importedKeys = new Map<string, Promise<CryptoKey>>();

function imported(point: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  const id = toBase64(point);
  let key = importedKeys.get(id);
  if (!key) {
    if (importedKeys.size >= IMPORTED_MAX) importedKeys.delete(importedKeys.keys().next().value!);
    key = crypto.subtle.importKey('raw', point, ALGORITHM, false, ['verify']);
    importedKeys.set(id, key);
  }
  return key;
}

async function tabIdentity(): Promise<string> {
  const fresh = () => `tab:${crypto.randomUUID()}`;
  let mine = fresh();
  try {
    mine = sessionStorage.getItem('egregore.identity') ?? mine;
    // A reload waits a moment for the page it replaces to let go; a duplicated tab never gets the lock.
    if (!(await holdLock(mine, 500))) {
      mine = fresh();
      await holdLock(mine, 0);
    }
    sessionStorage.setItem('egregore.identity', mine);
  } catch {
    // No session storage: a new player at each load.
  }
  return mine;
}

function holdLock(identity: string, waitMs: number): Promise<boolean> {
  if (!navigator.locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    const options = waitMs > 0 ? { signal: AbortSignal.timeout(waitMs) } : { ifAvailable: true };
    navigator.locks
      .request(`egregore.${identity}`, options, (lock) => {
        resolve(lock !== null);
        return lock ? new Promise<void>(() => {}) : undefined;
      })
      .catch(() => resolve(false));
  });
}

async function prune(): Promise<void> {
  const tabs = await listKeys(`${PREFIX}tab:`);
  if (tabs.length <= IDENTITIES_MAX) return;
  const aged = await Promise.all(tabs.map(async (key) => ({ key, usedAtMs: ((await readValue(key)) as Identity | undefined)?.usedAtMs ?? 0 })));
  aged.sort((a, b) => a.usedAtMs - b.usedAtMs);
  for (const { key } of aged.slice(0, tabs.length - IDENTITIES_MAX)) if (key !== PREFIX + name) await storeRemove(key);
}
