import type { ByteView } from './bytes';
import { RecordQueue } from './queue';

/**
 * The one WebSocket of a session. C# opens it, sends, and drains what came once a frame; there are no callbacks into C#.
 *
 * Drained records (see queue.ts for the head; `source` is the connection number that `socketOpen` returned, modulo 65,536):
 * | type | body |
 * |---|---|
 * | 0 message | the bytes of one binary message |
 * | 1 open | none |
 * | 2 close | `[u16 code][reason, UTF-8]`; the code is the WebSocket's (RFC 6455 section 7.4), 4000 and up are the edge's own, below |
 */
export const SocketEvent = { Message: 0, Open: 1, Close: 2 } as const;

/** Close codes that the edge itself reports. */
export const SocketClose = {
  /** The page did not drain: the receive queue was full. */
  QueueFull: 4090,
  /** The server sent text; the wire is binary. */
  NotBinary: 4091,
  /** The address was refused by the browser before a connection was tried. */
  BadAddress: 4092,
} as const;

const RECORDS_MAX = 8192;
const BYTES_MAX = 16 * 1024 * 1024;
/** Bytes that may wait in the browser's send buffer before `socketSend` refuses. */
const SEND_BUFFER_BYTES_MAX = 4 * 1024 * 1024;

const queue = new RecordQueue(RECORDS_MAX, BYTES_MAX);
let socket: WebSocket | null = null;
let connection = 0;
const counters = { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0, refusedSends: 0 };

/** Opens `url` (absolute, or a path of this origin such as `/ws`), closing an earlier connection. Returns the connection's number. */
export function socketOpen(url: string): number {
  socketClose();
  connection = (connection + 1) & 0xffff;
  const mine = connection;
  let opened: WebSocket;
  try {
    const address = new URL(url, location.href);
    address.protocol = address.protocol.replace('http', 'ws');
    opened = new WebSocket(address);
  } catch (error) {
    pushClose(mine, SocketClose.BadAddress, String(error));
    return mine;
  }
  opened.binaryType = 'arraybuffer';
  socket = opened;
  let closed = false;
  const end = (code: number, reason: string) => {
    if (closed) return;
    closed = true;
    if (socket === opened) socket = null;
    pushClose(mine, code, reason);
  };
  opened.onopen = () => {
    if (!closed) queue.push(mine, SocketEvent.Open, new Uint8Array(), true);
  };
  opened.onmessage = (event: MessageEvent<unknown>) => {
    if (closed) return;
    if (!(event.data instanceof ArrayBuffer)) {
      end(SocketClose.NotBinary, 'text where bytes were expected');
      opened.close();
      return;
    }
    counters.messagesIn++;
    counters.bytesIn += event.data.byteLength;
    if (queue.push(mine, SocketEvent.Message, new Uint8Array(event.data))) return;
    // Losing one message of an ordered stream would desynchronise the cache; a reconnect resumes it in one batch.
    end(SocketClose.QueueFull, 'receive queue full');
    opened.close();
  };
  opened.onclose = (event) => end(event.code, event.reason);
  return mine;
}

/** Sends one binary message. Returns false when the socket is not open or too much waits already. */
export function socketSend(message: ByteView): boolean {
  if (!socket || socket.readyState !== WebSocket.OPEN || socket.bufferedAmount > SEND_BUFFER_BYTES_MAX) {
    counters.refusedSends++;
    return false;
  }
  socket.send(message.slice());
  counters.messagesOut++;
  counters.bytesOut += message.byteLength;
  return true;
}

/** Closes the connection, if any, and forgets what was not drained. No close record follows. */
export function socketClose(): void {
  const old = socket;
  socket = null;
  queue.clear();
  if (!old) return;
  old.onopen = old.onmessage = old.onclose = null;
  old.close(1000);
}

/** See {@link RecordQueue.drain}. */
export function socketDrain(destination: ByteView): number {
  return queue.drain(destination);
}

/** For TypeScript callers: whether something waits to be drained. */
export function socketWaiting(): boolean {
  return queue.count > 0;
}

/** Counters since the page opened. */
export function socketCounters(): Readonly<typeof counters> & { queued: number; refused: number } {
  return { ...counters, queued: queue.count, refused: queue.refused };
}

function pushClose(source: number, code: number, reason: string): void {
  const text = new TextEncoder().encode(reason);
  const body = new Uint8Array(2 + text.byteLength);
  new DataView(body.buffer).setUint16(0, code, true);
  body.set(text, 2);
  queue.push(source, SocketEvent.Close, body, true);
}
