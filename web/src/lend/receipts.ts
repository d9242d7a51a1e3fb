import { cryptoVerify } from '../edge/crypto';
import type { HelperWelcome, WorkReceipt } from './wire';

const DOMAIN = 'egregore-receipt-1';
const SIZE = 99;

/**
 * What truth signs of a receipt, as `Egregore.Work.ReceiptBytes` writes it: `"egregore-receipt-1" | owner 16, big-endian | lease u64 | kernel 32 | verdict u8 | fuel u64 | credits i64 | time u64`,
 * little-endian but for the owner.
 */
export function receiptBytes(receipt: WorkReceipt, owner: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(SIZE);
  const view = new DataView(bytes.buffer);
  new TextEncoder().encodeInto(DOMAIN, bytes);
  for (let i = 0; i < 16; i++) bytes[18 + i] = parseInt(owner.slice(2 * i, 2 * i + 2), 16);
  view.setBigUint64(34, receipt.lease, true);
  bytes.set(receipt.kernel.subarray(0, 32), 42);
  view.setUint8(74, receipt.verdict);
  view.setBigUint64(75, receipt.fuel, true);
  view.setBigInt64(83, receipt.credits, true);
  view.setBigUint64(91, receipt.time, true);
  return bytes;
}

/** Whether truth, as it named itself in its welcome, has signed this receipt for this helper; null: it is not signed, and so no payment. */
export async function receiptHolds(receipt: WorkReceipt, welcome: HelperWelcome): Promise<boolean | null> {
  if (receipt.signature.byteLength === 0) return null;
  return receipt.kernel.byteLength === 32 && cryptoVerify(welcome.publicKey, receipt.signature, receiptBytes(receipt, welcome.peer));
}
