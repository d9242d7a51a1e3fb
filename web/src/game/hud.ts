import { Connection, FrameFlag, type BlockKind, type FrameOutput } from '../edge/frame';
import type { ToastLevel } from '../edge/page';
import { TILE, paintTiles, tileNumber } from './tiles';
import { LOOKS } from './blocks';

const TOASTS_MAX = 4;
const TOAST_MS = 4500;
/** What is printed on the keys of the number row. */
const SLOT_LABELS = '1234567890-=';
const AUTHORITIES = ['server', 'hybrid', 'mesh'] as const;

/** What the banner says, or null for none. Plain words: what is gone, what still works, when it is tried again. */
export function bannerText(frame: Pick<FrameOutput, 'connection' | 'flags' | 'retryInMs' | 'peersDirect' | 'pendingActions'>): string | null {
  if (frame.connection === Connection.Refused) return 'The server does not let you in. Reload the page to try again.';
  if ((frame.flags & FrameFlag.ServerGone) === 0) return null;
  const neighbours = frame.peersDirect > 0
    ? 'you still see neighbours and can walk; digging and building wait until it is back.'
    : 'you can walk; digging and building wait until it is back, and so do players that were not linked to you directly.';
  const waiting = frame.pendingActions > 0 ? ` ${frame.pendingActions} of your changes ${frame.pendingActions === 1 ? 'waits' : 'wait'}.` : '';
  const retry = frame.connection === Connection.Connecting || frame.retryInMs === 0 ? ' Reconnecting…' : ` Reconnecting in ${Math.ceil(frame.retryInMs / 1000)} s.`;
  return `Server unreachable: ${neighbours}${waiting}${retry}`;
}

/** A latency for reading: no false precision. */
export function formatMs(ms: number): string {
  if (Number.isNaN(ms)) return '–';
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}

/** The lines over the picture. Text changes a few times a second, not each frame. */
export class Hud {
  onPick: (slot: number) => void = () => {};
  private readonly fields: Record<string, HTMLElement>;
  private readonly banner = element('banner');
  private readonly toasts = element('toasts');
  private readonly hotbar = element('hotbar');
  private shown = new Map<HTMLElement, string>();

  constructor() {
    this.fields = Object.fromEntries([...document.querySelectorAll<HTMLElement>('[data-hud]')].map((e) => [e.dataset['hud']!, e]));
  }

  update(frame: FrameOutput, framesPerSecond: number): void {
    this.set('fps', `${Math.round(framesPerSecond)}`);
    const peers = frame.peersDirect + frame.peersRelay;
    this.set('peers', peers === 0 ? 'nobody near' : `${frame.peersDirect} direct · ${frame.peersRelay} relayed`);
    this.set('direct', formatMs(frame.directRttMs));
    this.set('via', frame.has(FrameFlag.ServerGone) ? 'gone' : formatMs(frame.viaServerRttMs));
    this.set('server', frame.has(FrameFlag.ServerGone) ? 'unreachable' : formatMs(frame.serverRttMs));
    this.set('position', `${frame.current.x.toFixed(1)}  ${frame.current.y.toFixed(1)}  ${frame.current.z.toFixed(1)}`);
    this.set('authority', AUTHORITIES[frame.authority] ?? '–');
    this.set('pending', frame.pendingActions === 0 ? '' : `${frame.pendingActions} unconfirmed`);
    const text = bannerText(frame);
    this.banner.hidden = text === null;
    if (text !== null && this.shown.get(this.banner) !== text) {
      this.shown.set(this.banner, text);
      this.banner.textContent = text;
    }
  }

  toast(level: ToastLevel, text: string): void {
    const last = this.toasts.lastElementChild;
    if (last?.textContent === text) last.remove();
    while (this.toasts.childElementCount >= TOASTS_MAX) this.toasts.firstElementChild!.remove();
    const line = document.createElement('div');
    line.className = `toast ${level}`;
    line.textContent = text;
    this.toasts.append(line);
    setTimeout(() => line.remove(), TOAST_MS);
  }

  setHotbar(kinds: readonly BlockKind[]): void {
    const tiles = paintTiles();
    this.hotbar.replaceChildren(
      ...kinds.map((kind, slot) => {
        const button = document.createElement('button');
        button.type = 'button';
        button.title = kind.name;
        button.setAttribute('aria-label', `${kind.name}, key ${SLOT_LABELS[slot]}`);
        button.append(blockIcon(tiles, kind), Object.assign(document.createElement('span'), { textContent: SLOT_LABELS[slot] ?? '', ariaHidden: 'true' }));
        button.addEventListener('click', () => {
          this.onPick(slot);
          button.blur();
        });
        return button;
      }),
    );
  }

  select(slot: number, name: string): void {
    [...this.hotbar.children].forEach((button, i) => button.setAttribute('aria-pressed', String(i === slot)));
    this.hotbar.children[slot]?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    this.set('block', name);
  }

  private set(field: string, text: string): void {
    const target = this.fields[field];
    if (!target || this.shown.get(target) === text) return;
    this.shown.set(target, text);
    target.textContent = text;
  }
}

/** A small cube seen from a corner, drawn from the block's tiles. */
function blockIcon(tiles: Uint8Array<ArrayBuffer>, kind: BlockKind): HTMLCanvasElement {
  const look = LOOKS[kind.texture] ?? LOOKS['stone']!;
  const canvas = Object.assign(document.createElement('canvas'), { width: 72, height: 72 });
  const context = canvas.getContext('2d')!;
  context.imageSmoothingEnabled = false;
  const face = (tile: string, brightness: number, a: number, b: number, c: number, d: number, e: number, f: number) => {
    const source = Object.assign(document.createElement('canvas'), { width: TILE, height: TILE });
    const pixels = new ImageData(TILE, TILE);
    const from = tileNumber(tile) * TILE * TILE * 4;
    for (let y = 0; y < TILE; y++) pixels.data.set(tiles.subarray(from + (TILE - 1 - y) * TILE * 4, from + (TILE - y) * TILE * 4), y * TILE * 4);
    for (let i = 0; i < pixels.data.length; i++) if (i % 4 !== 3) pixels.data[i]! *= brightness;
    source.getContext('2d')!.putImageData(pixels, 0, 0);
    context.setTransform(a, b, c, d, e, f);
    context.drawImage(source, 0, 0);
  };
  const s = 1 / TILE;
  face(look.top, 1, 30 * s, 15 * s, -30 * s, 15 * s, 36, 4);
  face(look.side, 0.82, 30 * s, 15 * s, 0, 33 * s, 6, 19);
  face(look.side, 0.64, 30 * s, -15 * s, 0, 33 * s, 36, 34);
  return canvas;
}

export function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element #${id} in the page`);
  return found;
}
