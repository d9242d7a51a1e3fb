import type { ByteView } from './bytes';
import { nextTask } from './clock';
import { RecordQueue } from './queue';

/**
 * Direct links: one RTCPeerConnection for each neighbour, with two negotiated data channels: id 0 `reliable` (ordered) and id 1 `reflex`
 * (unordered, maxRetransmits 0). C# decides who dials (the lower peer id, so that two offers never meet) and carries the signals through truth.
 *
 * A link has an index, returned by `rtcOffer` and `rtcSignal`, unique while it lives. Drained records (queue.ts; `source` is the index):
 * | type | body |
 * |---|---|
 * | 0 reliable | one message |
 * | 1 reflex | one message |
 * | 16 signal | a signal to carry to the peer: `[u32 connection][u8 SignalType][u8 mid length][mid, UTF-8][SDP or candidate, UTF-8]`; an empty candidate ends them |
 * | 17 state | `[u8 LinkState]`; after `Failed` or `Closed` the index is gone |
 */
export const RtcEvent = { Reliable: 0, Reflex: 1, Signal: 16, State: 17 } as const;

/** As in egregore.fbs. */
export const SignalType = { Offer: 0, Answer: 1, Candidate: 2, Bye: 3 } as const;

/** `Open`: both channels can send. `Disconnected`: ICE lost the path and may find it again. */
export const LinkState = { Connecting: 0, Open: 1, Disconnected: 2, Failed: 3, Closed: 4 } as const;

/** What {@link rtcSend} answers. */
export const SendResult = { Sent: 0, NotOpen: 1, BufferFull: 2, TooLarge: 3 } as const;

const LINKS_MAX = 32;
/** Chromium takes 256 KiB, the specification's floor is 64 KiB. */
const MESSAGE_BYTES_MAX = 64 * 1024;
/** A reflex state that would wait behind this much is late already. */
const REFLEX_BUFFER_BYTES_MAX = 64 * 1024;
const RELIABLE_BUFFER_BYTES_MAX = 1024 * 1024;
const CANDIDATES_WAITING_MAX = 64;
/** From the first signal to `Open`; after it the link is given up. */
const CONNECT_TIMEOUT_MS = 15_000;
const RECORDS_MAX = 8192;
const BYTES_MAX = 8 * 1024 * 1024;

export interface LinkStats {
  peer: string;
  state: keyof typeof LinkState;
  /** Candidate types of the selected pair (`host`, `srflx`, `prflx`, `relay`); empty before there is one. */
  localType: string;
  remoteType: string;
  protocol: string;
  rttMs: number | null;
  bytesSent: number;
  bytesReceived: number;
  reflexDropped: number;
}

interface Link {
  index: number;
  peer: string;
  connection: number;
  /** Null until the task after the dial: making one takes milliseconds, which the frame that asks for it does not have. */
  pc: RTCPeerConnection | null;
  reliable: RTCDataChannel | null;
  reflex: RTCDataChannel | null;
  state: number;
  /** Signals are applied one after the other. */
  work: Promise<void>;
  waiting: RTCIceCandidateInit[];
  remoteSet: boolean;
  deadline: ReturnType<typeof setTimeout>;
  reflexDropped: number;
}

/** All links of one peer. The page has one ({@link rtcOffer} and its siblings); tests make two and join them. */
export class RtcLinks {
  private readonly byPeer = new Map<string, Link>();
  private readonly byIndex = new Map<number, Link>();
  private readonly queue = new RecordQueue(RECORDS_MAX, BYTES_MAX);
  private nextIndex = 0;
  private iceServers: RTCIceServer[] = [];
  readonly counters = { opened: 0, failed: 0, ignoredSignals: 0, reflexDropped: 0, reliableRefused: 0 };

  /** Applies to links made from now on. `urls` as in RFC 7064 and 7065; empty: host candidates only. */
  configure(urls: string[]): void {
    this.iceServers = urls.length > 0 ? [{ urls }] : [];
  }

  /** Dials. Replaces a link to the same peer. Returns the index, or -1 when there are too many links or no WebRTC. */
  offer(peer: string, connection: number): number {
    const link = this.create(peer, connection);
    if (!link) return -1;
    this.apply(link, async (pc) => {
      await pc.setLocalDescription();
      this.pushSignal(link, SignalType.Offer, pc.localDescription!.sdp, '');
    });
    return link.index;
  }

  /** Takes a signal from a peer. An offer makes (or replaces) the link. Returns its index, or -1 when the signal was ignored. */
  signal(peer: string, connection: number, type: number, data: string, mid: string): number {
    let link = this.byPeer.get(peer);
    if (type === SignalType.Offer) {
      link = this.create(peer, connection);
      if (!link) return -1;
      const made = link;
      this.apply(made, async (pc) => {
        await pc.setRemoteDescription({ type: 'offer', sdp: data });
        await this.remoteKnown(made, pc);
        await pc.setLocalDescription();
        this.pushSignal(made, SignalType.Answer, pc.localDescription!.sdp, '');
      });
      return made.index;
    }
    if (!link || link.connection !== connection) {
      this.counters.ignoredSignals++;
      return -1;
    }
    const known = link;
    switch (type) {
      case SignalType.Answer:
        this.apply(known, async (pc) => {
          await pc.setRemoteDescription({ type: 'answer', sdp: data });
          await this.remoteKnown(known, pc);
        });
        break;
      case SignalType.Candidate: {
        const candidate = { candidate: data, sdpMid: mid || '0' };
        this.apply(known, async (pc) => {
          if (known.remoteSet) await pc.addIceCandidate(candidate).catch(() => this.counters.ignoredSignals++);
          else if (known.waiting.length < CANDIDATES_WAITING_MAX) known.waiting.push(candidate);
          else this.counters.ignoredSignals++;
        });
        break;
      }
      case SignalType.Bye:
        this.end(known, LinkState.Closed);
        break;
      default:
        this.counters.ignoredSignals++;
        return -1;
    }
    return known.index;
  }

  send(index: number, channel: number, message: ByteView): number {
    const link = this.byIndex.get(index);
    const target = channel === RtcEvent.Reflex ? link?.reflex : link?.reliable;
    if (!link || !target || target.readyState !== 'open') return SendResult.NotOpen;
    if (message.byteLength > MESSAGE_BYTES_MAX) return SendResult.TooLarge;
    if (channel === RtcEvent.Reflex && target.bufferedAmount > REFLEX_BUFFER_BYTES_MAX) {
      link.reflexDropped++;
      this.counters.reflexDropped++;
      return SendResult.BufferFull;
    }
    if (channel !== RtcEvent.Reflex && target.bufferedAmount > RELIABLE_BUFFER_BYTES_MAX) {
      this.counters.reliableRefused++;
      return SendResult.BufferFull;
    }
    target.send(message.slice());
    return SendResult.Sent;
  }

  /** Ends a link; no state record follows. */
  close(index: number): void {
    const link = this.byIndex.get(index);
    if (!link) return;
    this.remove(link);
    this.queue.clear(index);
  }

  closeAll(): void {
    for (const index of [...this.byIndex.keys()]) this.close(index);
  }

  /** Whether something waits to be drained. */
  get waiting(): boolean {
    return this.queue.count > 0;
  }

  drain(destination: ByteView): number {
    return this.queue.drain(destination);
  }

  async stats(): Promise<LinkStats[]> {
    return Promise.all([...this.byIndex.values()].map(readStats));
  }

  private create(peer: string, connection: number): Link | undefined {
    const old = this.byPeer.get(peer);
    if (old) this.end(old, LinkState.Closed);
    if (this.byIndex.size >= LINKS_MAX || typeof RTCPeerConnection === 'undefined') {
      this.counters.failed++;
      return undefined;
    }
    while (this.byIndex.has(this.nextIndex)) this.nextIndex = (this.nextIndex + 1) & 0xffff;
    const index = this.nextIndex;
    this.nextIndex = (index + 1) & 0xffff;

    const link: Link = {
      index, peer, connection, pc: null, reliable: null, reflex: null,
      state: LinkState.Connecting, work: nextTask(), waiting: [], remoteSet: false, reflexDropped: 0,
      deadline: setTimeout(() => this.end(link, LinkState.Failed), CONNECT_TIMEOUT_MS),
    };
    this.byPeer.set(peer, link);
    this.byIndex.set(index, link);
    return link;
  }

  private connect(link: Link): RTCPeerConnection {
    const pc = (link.pc = new RTCPeerConnection({ iceServers: this.iceServers }));
    const reliable = (link.reliable = pc.createDataChannel('reliable', { negotiated: true, id: 0, ordered: true }));
    const reflex = (link.reflex = pc.createDataChannel('reflex', { negotiated: true, id: 1, ordered: false, maxRetransmits: 0 }));
    pc.onicecandidate = ({ candidate }) => this.pushSignal(link, SignalType.Candidate, candidate?.candidate ?? '', candidate?.sdpMid ?? '');
    pc.onconnectionstatechange = () => {
      if (pc.connectionState === 'failed') this.end(link, LinkState.Failed);
      else if (pc.connectionState === 'closed') this.end(link, LinkState.Closed);
      else if (pc.connectionState === 'disconnected') this.setState(link, LinkState.Disconnected);
      else if (pc.connectionState === 'connected') this.openWhenReady(link);
    };
    for (const channel of [reliable, reflex]) {
      const type = channel === reflex ? RtcEvent.Reflex : RtcEvent.Reliable;
      channel.binaryType = 'arraybuffer';
      channel.onopen = () => this.openWhenReady(link);
      channel.onclose = () => this.end(link, LinkState.Closed);
      channel.onmessage = ({ data }: MessageEvent<unknown>) => {
        if (!(data instanceof ArrayBuffer) || data.byteLength > MESSAGE_BYTES_MAX) {
          this.end(link, LinkState.Failed);
          return;
        }
        const kept = this.queue.push(link.index, type, new Uint8Array(data));
        // A lost reflex is normal; a gap in the reliable channel is not, so the link goes.
        if (!kept && type === RtcEvent.Reliable) this.end(link, LinkState.Failed);
      };
    }
    return pc;
  }

  private apply(link: Link, step: (pc: RTCPeerConnection) => Promise<void>): void {
    link.work = link.work.then(async () => {
      if (this.byIndex.get(link.index) !== link) return;
      try {
        await step(link.pc ?? this.connect(link));
      } catch {
        this.end(link, LinkState.Failed);
      }
    });
  }

  private async remoteKnown(link: Link, pc: RTCPeerConnection): Promise<void> {
    link.remoteSet = true;
    for (const candidate of link.waiting.splice(0)) await pc.addIceCandidate(candidate).catch(() => this.counters.ignoredSignals++);
  }

  private openWhenReady(link: Link): void {
    if (link.reliable?.readyState !== 'open' || link.reflex?.readyState !== 'open') return;
    clearTimeout(link.deadline);
    if (link.state === LinkState.Connecting) this.counters.opened++;
    this.setState(link, LinkState.Open);
  }

  private setState(link: Link, state: number): void {
    if (link.state === state || this.byIndex.get(link.index) !== link) return;
    link.state = state;
    this.queue.push(link.index, RtcEvent.State, Uint8Array.of(state), true);
  }

  private end(link: Link, state: number): void {
    if (this.byIndex.get(link.index) !== link) return;
    if (state === LinkState.Failed) this.counters.failed++;
    this.setState(link, state);
    this.remove(link);
  }

  private remove(link: Link): void {
    clearTimeout(link.deadline);
    this.byIndex.delete(link.index);
    if (this.byPeer.get(link.peer) === link) this.byPeer.delete(link.peer);
    const { pc } = link;
    if (!pc) return;
    pc.onicecandidate = pc.onconnectionstatechange = null;
    for (const channel of [link.reliable!, link.reflex!]) channel.onopen = channel.onclose = channel.onmessage = null;
    void nextTask().then(() => pc.close());
  }

  private pushSignal(link: Link, type: number, data: string, mid: string): void {
    if (this.byIndex.get(link.index) !== link) return;
    const encoder = new TextEncoder();
    const midBytes = encoder.encode(mid).subarray(0, 255);
    const dataBytes = encoder.encode(data);
    const body = new Uint8Array(6 + midBytes.byteLength + dataBytes.byteLength);
    const view = new DataView(body.buffer);
    view.setUint32(0, link.connection, true);
    view.setUint8(4, type);
    view.setUint8(5, midBytes.byteLength);
    body.set(midBytes, 6);
    body.set(dataBytes, 6 + midBytes.byteLength);
    this.queue.push(link.index, RtcEvent.Signal, body, true);
  }
}

async function readStats(link: Link): Promise<LinkStats> {
  const names = Object.keys(LinkState) as (keyof typeof LinkState)[];
  const stats: LinkStats = {
    peer: link.peer, state: names.find((n) => LinkState[n] === link.state)!, localType: '', remoteType: '', protocol: '',
    rttMs: null, bytesSent: 0, bytesReceived: 0, reflexDropped: link.reflexDropped,
  };
  if (!link.pc) return stats;
  const report = await link.pc.getStats();
  for (const entry of report.values() as IterableIterator<Record<string, unknown> & { type: string }>) {
    if (entry.type !== 'transport' || typeof entry['selectedCandidatePairId'] !== 'string') continue;
    const pair = report.get(entry['selectedCandidatePairId']) as Record<string, unknown> | undefined;
    if (!pair) continue;
    const local = report.get(String(pair['localCandidateId'])) as Record<string, unknown> | undefined;
    const remote = report.get(String(pair['remoteCandidateId'])) as Record<string, unknown> | undefined;
    stats.localType = String(local?.['candidateType'] ?? '');
    stats.remoteType = String(remote?.['candidateType'] ?? '');
    stats.protocol = String(local?.['protocol'] ?? '');
    stats.bytesSent = Number(pair['bytesSent'] ?? 0);
    stats.bytesReceived = Number(pair['bytesReceived'] ?? 0);
    const rtt = pair['currentRoundTripTime'];
    stats.rttMs = typeof rtt === 'number' ? rtt * 1000 : null;
  }
  return stats;
}

const links = new RtcLinks();

/** `urls`: ICE servers, separated by line feeds; empty for none. */
export function rtcConfigure(urls: string): void {
  links.configure(urls.split('\n').filter((u) => u.length > 0));
}

/** `peer`: 32 hex digits. `connection`: a number that tells attempts of one pair apart (u32 as a double or an int). See {@link RtcLinks.offer}. */
export function rtcOffer(peer: string, connection: number): number {
  return links.offer(peer, connection >>> 0);
}

/** See {@link RtcLinks.signal}. */
export function rtcSignal(peer: string, connection: number, type: number, data: string, mid: string): number {
  return links.signal(peer, connection >>> 0, type, data, mid);
}

/** `channel`: 0 reliable, 1 reflex. Returns a {@link SendResult}. */
export function rtcSend(index: number, channel: number, message: ByteView): number {
  return links.send(index, channel, message);
}

export function rtcClose(index: number): void {
  links.close(index);
}

/** See {@link RecordQueue.drain}. */
export function rtcDrain(destination: ByteView): number {
  return links.drain(destination);
}

/** Resolves to a JSON array of {@link LinkStats}. */
export async function rtcStats(): Promise<string> {
  return JSON.stringify(await links.stats());
}

/** For TypeScript callers: whether something waits to be drained. */
export function rtcWaiting(): boolean {
  return links.waiting;
}

/** For TypeScript callers: links and counters. */
export function rtcLinks(): RtcLinks {
  return links;
}
