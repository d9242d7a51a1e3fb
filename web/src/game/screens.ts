import { element } from './hud';
import type { Input } from './input';
import { LEVELS } from './quality';
import { saveSettings, type Settings } from './settings';

const VIEW_DISTANCES = [3, 4, 5, 6, 8, 10, 12];

/** The panels before and over the world: start, loading, menu with settings, help, and the page for what ends the game. */
export class Screens {
  onSettings: () => void = () => {};
  onPhoto: () => void = () => {};
  /** Whether something else is over the world, which no panel is to cover. */
  isCovered: () => boolean = () => false;
  private readonly menu = element('menu') as HTMLDialogElement;
  private readonly help = element('help') as HTMLDialogElement;
  private readonly settings: Settings;
  private input: Input | null = null;

  constructor(settings: Settings) {
    this.settings = settings;
    const name = element('name') as HTMLInputElement;
    name.value = settings.name;
    element('fatal-reload').addEventListener('click', () => location.reload());
    element('open-help').addEventListener('click', () => this.open(this.help));
    element('open-menu').addEventListener('click', () => this.open(this.menu));
    element('open-photo').addEventListener('click', () => this.onPhoto());
    element('menu-help').addEventListener('click', () => {
      this.menu.close();
      this.open(this.help);
    });
    for (const dialog of [this.menu, this.help]) {
      dialog.addEventListener('close', () => this.closed());
      // A click beside the panel is a click on the dialog itself.
      dialog.addEventListener('click', (e) => { if (e.target === dialog) dialog.close(); });
    }
    this.bindSettings();
  }

  get isOpen(): boolean {
    return this.menu.open || this.help.open;
  }

  /** Resolves to the player's name once they walk in. */
  untilWalkIn(ready: Promise<unknown>, straightIn: string | null): Promise<string> {
    const form = element('start-form') as HTMLFormElement;
    const name = element('name') as HTMLInputElement;
    const button = element('walk-in') as HTMLButtonElement;
    const note = element('start-note');
    if (!matchMedia('(pointer: coarse)').matches) name.focus();
    return new Promise((resolve) => {
      const enter = async () => {
        const chosen = name.value.trim() || `Wanderer ${Math.floor(Math.random() * 900 + 100)}`;
        this.settings.name = name.value.trim();
        saveSettings(this.settings);
        button.disabled = true;
        note.classList.remove('bad');
        note.textContent = 'Starting…';
        try {
          await ready;
        } catch (error) {
          note.classList.add('bad');
          note.textContent = `${error instanceof Error ? error.message : String(error)} Reload the page to try again.`;
          button.disabled = false;
          return;
        }
        element('start').hidden = true;
        resolve(chosen);
      };
      form.addEventListener('submit', (e) => {
        e.preventDefault();
        void enter();
      });
      if (straightIn !== null) {
        name.value = straightIn.slice(0, 24);
        void enter();
      }
    });
  }

  loading(text: string | null): void {
    element('loading').hidden = text === null;
    if (text !== null) element('loading-text').textContent = text;
  }

  /** From here on the dialogs pause the player's input and give the pointer back. */
  attach(input: Input): void {
    this.input = input;
    input.onKey = (key) => {
      if (this.isOpen) return;
      if (key === 'photo') this.onPhoto();
      else this.open(key === 'help' ? this.help : this.menu);
    };
    // Escape releases the pointer before the page sees the key: losing the lock is how the menu is asked for.
    input.onLock = (locked) => { if (!locked && !this.isOpen && document.hasFocus()) this.open(this.menu); };
  }

  fatal(title: string, text: string): void {
    element('fatal-title').textContent = title;
    element('fatal-text').textContent = text;
    element('fatal').hidden = false;
    if (this.menu.open) this.menu.close();
    if (this.help.open) this.help.close();
    document.exitPointerLock?.();
    element('fatal-reload').focus();
  }

  private open(dialog: HTMLDialogElement): void {
    if (this.isOpen || this.isCovered() || !this.input) return;
    this.input.menu = true;
    dialog.showModal();
    document.exitPointerLock?.();
  }

  private closed(): void {
    if (this.isOpen || !this.input) return;
    this.input.menu = false;
    this.input.lock();
  }

  private bindSettings(): void {
    const { settings } = this;
    const sensitivity = element('set-sensitivity') as HTMLInputElement;
    const view = element('set-view') as HTMLSelectElement;
    const quality = element('set-quality') as HTMLSelectElement;
    const invert = element('set-invert') as HTMLInputElement;
    view.append(new Option('As the quality says', '0'), ...VIEW_DISTANCES.map((d) => new Option(`${d * 16} blocks`, String(d))));
    sensitivity.value = String(settings.sensitivity);
    view.value = String(settings.viewDistance);
    quality.value = settings.quality;
    invert.checked = settings.invertY;
    for (const control of [sensitivity, view, quality, invert]) {
      control.addEventListener('input', () => {
        settings.sensitivity = Number(sensitivity.value);
        settings.viewDistance = Number(view.value);
        settings.quality = LEVELS.find((l) => l.name === quality.value)?.name ?? 'auto';
        settings.invertY = invert.checked;
        saveSettings(settings);
        this.onSettings();
      });
    }
  }
}
