import { clockNow } from '../edge/clock';
import { PhotoEnd, readPhoto, type PhotoAsk, type PhotoState, type PhotoTile } from '../edge/photo';
import { element } from './hud';

/** Rays a pixel, and pixels of a picture at most: some ten seconds of one good core. */
const SAMPLES = 16;
const PIXELS_MAX = 960 * 540;
/** Light above which the picture is bent towards white, as film is. */
const KNEE = 0.72;

export interface PhotoSource {
  photoAsk(json: string): boolean;
  photoCancel(photo: number): void;
  photoTake(): Uint8Array;
}

/** Where the eye is and how it looks. */
export type PhotoCamera = Pick<PhotoAsk, 'x' | 'y' | 'z' | 'yaw' | 'pitch' | 'halfHeight'>;

/** What the bar under the picture says. */
export function photoText(state: PhotoState, drawn: number, seconds: number): string {
  const helpers = `${state.helpers} ${state.helpers === 1 ? 'helper' : 'helpers'}`;
  switch (state.end) {
    case PhotoEnd.Whole: return `${state.tiles} tiles, traced by ${helpers} in ${seconds.toFixed(0)} s.`;
    case PhotoEnd.Refused: return `No picture: ${state.text}.`;
    case PhotoEnd.Unfinished: return `${drawn} of ${state.tiles} tiles; ${state.text}. Somebody who opens /lend, or runs "egregore lend", can help.`;
    case PhotoEnd.Cancelled: return 'The picture was given up.';
    default:
      if (state.tiles === 0) return 'Asking for a picture…';
      return state.helpers === 0 ? `${drawn} of ${state.tiles} tiles. No helper is here yet: open /lend in another tab, or run "egregore lend".` : `${drawn} of ${state.tiles} tiles, ${helpers}`;
  }
}

/** A pixel's light as a screen shows it: sRGB, with highlights bent towards white. Writes red, green, blue and 255. */
export function develop(pixels: Uint8Array, at: number, into: Uint8ClampedArray, to: number): void {
  const scale = 2 ** (pixels[at + 3]! - 136);
  for (let i = 0; i < 3; i++) {
    const light = (pixels[at + i]! + 0.5) * scale;
    const bent = light <= KNEE ? light : KNEE + (1 - KNEE) * (1 - Math.exp((KNEE - light) / (1 - KNEE)));
    into[to + i] = 255 * (bent <= 0.0031308 ? bent * 12.92 : 1.055 * bent ** (1 / 2.4) - 0.055);
  }
  into[to + 3] = 255;
}

/** Photo mode: the view stands still, and a traced picture of it appears tile by tile. */
export class PhotoMode {
  onClose: () => void = () => {};
  state: PhotoState = nothing();
  /** Tiles that are drawn. */
  readonly drawn = new Set<string>();
  private readonly source: PhotoSource;
  private readonly host = element('photo');
  private readonly picture = element('photo-picture') as HTMLCanvasElement;
  private readonly text = element('photo-text');
  private readonly bar = element('photo-progress') as HTMLProgressElement;
  private readonly saveButton = element('photo-save') as HTMLButtonElement;
  private readonly againButton = element('photo-again') as HTMLButtonElement;
  private number = 0;
  private startedMs = 0;
  private endedMs = 0;
  private camera: PhotoCamera | null = null;

  constructor(source: PhotoSource) {
    this.source = source;
    this.saveButton.addEventListener('click', () => this.save());
    this.againButton.addEventListener('click', () => this.ask());
    element('photo-close').addEventListener('click', () => this.close());
    // Before the game's own keys: Escape is the menu there, and S walks.
    window.addEventListener('keydown', (event) => {
      if (!this.isOpen || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.code === 'Escape' || event.code === 'KeyP') this.close();
      else if (event.code === 'KeyS') this.save();
      else return;
      event.preventDefault();
      event.stopPropagation();
    }, { capture: true });
  }

  get isOpen(): boolean {
    return !this.host.hidden;
  }

  /** Whether there is anything to be saved: a whole picture, or what there is of one that nobody finishes. */
  get canSave(): boolean {
    return this.drawn.size > 0 && (this.state.end === PhotoEnd.Whole || this.state.end === PhotoEnd.Unfinished);
  }

  open(camera: PhotoCamera): void {
    if (this.isOpen) return;
    this.camera = camera;
    this.host.hidden = false;
    element('photo-close').focus();
    this.ask();
  }

  close(): void {
    if (!this.isOpen) return;
    this.host.hidden = true;
    this.source.photoCancel(this.number);
    this.picture.width = this.picture.height = 1;
    this.onClose();
  }

  /** Once a frame: draws what came. */
  step(online: boolean): void {
    if (!this.isOpen || this.state.end !== PhotoEnd.None) {
      // A tile that is put right comes behind the end of the picture.
      if (this.isOpen) for (const tile of readPhoto(this.source.photoTake()).tiles) this.draw(tile);
      return;
    }
    const { tiles, state } = readPhoto(this.source.photoTake());
    for (const tile of tiles) this.draw(tile);
    if (state) this.state = state;
    else if (!online) this.state = { ...this.state, end: PhotoEnd.Unfinished, text: 'the server is out of reach' };
    else if (tiles.length === 0) return;
    if (this.state.end !== PhotoEnd.None) this.endedMs = clockNow();
    this.show();
  }

  private ask(): void {
    if (!this.camera) return;
    const { clientWidth, clientHeight } = this.host;
    // At least as many pixels as the screen has, unless those are too many.
    const scale = Math.min(devicePixelRatio, Math.sqrt(PIXELS_MAX / Math.max(1, clientWidth * clientHeight)));
    const [width, height] = [Math.max(16, Math.round(clientWidth * scale)), Math.max(16, Math.round(clientHeight * scale))];
    Object.assign(this.picture, { width, height });
    this.drawn.clear();
    this.state = nothing();
    this.startedMs = clockNow();
    const asked: PhotoAsk = { photo: ++this.number, ...this.camera, width, height, samples: SAMPLES };
    if (!this.source.photoAsk(JSON.stringify(asked))) this.state = { ...nothing(), end: PhotoEnd.Refused, text: 'the server is out of reach' };
    this.show();
  }

  private draw(tile: PhotoTile): void {
    const image = new ImageData(tile.width, tile.height);
    for (let i = 0; i < image.data.length; i += 4) develop(tile.pixels, i, image.data, i);
    this.picture.getContext('2d')!.putImageData(image, tile.left, tile.top);
    this.drawn.add(`${tile.left},${tile.top}`);
  }

  private show(): void {
    this.text.textContent = photoText(this.state, this.drawn.size, (this.endedMs - this.startedMs) / 1000);
    this.bar.max = Math.max(1, this.state.tiles);
    this.bar.value = this.drawn.size;
    this.bar.hidden = this.state.end !== PhotoEnd.None;
    this.saveButton.disabled = !this.canSave;
    this.againButton.hidden = this.state.end === PhotoEnd.None || this.state.end === PhotoEnd.Whole;
  }

  private save(): void {
    if (!this.canSave) return;
    this.picture.toBlob((blob) => {
      if (!blob) return;
      const link = Object.assign(document.createElement('a'), { href: URL.createObjectURL(blob), download: `egregore-${new Date().toISOString().slice(0, 19).replace(/\D/g, '-')}.png` });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    }, 'image/png');
  }
}

function nothing(): PhotoState {
  return { end: PhotoEnd.None, tiles: 0, done: 0, helpers: 0, text: '' };
}
