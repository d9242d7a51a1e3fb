import { fromBase64, toBase64Url } from './bytes';
import { cryptoPublicKey, sign } from './crypto';

/** How long the server may take to answer one request. */
const TIMEOUT_MS = 10_000;

/**
 * Logs in: asks for a challenge, signs its bytes, and resolves to a short-lived ticket for `/ws`.
 * Rejects with one line that C# and the page can show: `unreachable: …`, or `refused: …` with the server's own text.
 */
export async function sessionTicket(): Promise<string> {
  const publicKey = toBase64Url(cryptoPublicKey());
  const { challenge } = await post<{ challenge: string }>('/api/session/challenge', { publicKey });
  const signature = toBase64Url(await sign(fromBase64(challenge)));
  const { ticket } = await post<{ ticket: string }>('/api/session/ticket', { publicKey, challenge, signature });
  return ticket;
}

export interface WorldInfo {
  name: string;
  game: string;
  authority: string;
  /** Decimal text: it does not fit a number. */
  seed: string;
  tickRateHz: number;
}

/** What the server says of its world. Rejects as {@link sessionTicket} does. */
export async function sessionWorld(): Promise<WorldInfo> {
  return request<WorldInfo>('/api/world', {});
}

function post<T>(path: string, body: unknown): Promise<T> {
  return request<T>(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
}

async function request<T>(path: string, init: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS), cache: 'no-store' });
  } catch (error) {
    throw new Error(`unreachable: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!response.ok) throw new Error(`refused: ${await problemText(response)}`);
  return (await response.json()) as T;
}

/** RFC 9457 problem details where the server sent them, the status line otherwise. */
async function problemText(response: Response): Promise<string> {
  const problem = (await response.json().catch(() => null)) as { title?: string; detail?: string } | null;
  return problem?.detail ?? problem?.title ?? `${response.status} ${response.statusText}`.trim();
}
