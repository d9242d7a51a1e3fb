import { Action, Button } from '../edge/frame';
import type { Settings } from './settings';

const KEYS: Readonly<Record<string, number>> = {
  KeyW: Button.Forward, ArrowUp: Button.Forward,
  KeyS: Button.Back, ArrowDown: Button.Back,
  KeyA: Button.Left, ArrowLeft: Button.Left,
  KeyD: Button.Right, ArrowRight: Button.Right,
  Space: Button.Jump,
  ShiftLeft: Button.Run, ShiftRight: Button.Run,
  KeyZ: Button.Sneak,
};
/** One action for each press. */
const ACTION_KEYS: Readonly<Record<string, number>> = { KeyE: Action.Dig, KeyR: Action.Place, KeyF: Action.Throw, KeyC: Action.Crate, KeyG: Action.Blast };
/** The number row, left to right: the slots of the hotbar. */
const SLOT_KEYS = ['Digit1', 'Digit2', 'Digit3', 'Digit4', 'Digit5', 'Digit6', 'Digit7', 'Digit8', 'Digit9', 'Digit0', 'Minus', 'Equal'];
/** A held button digs or places again after this long. */
const REPEAT_MS = 260;
const MOUSE_RADIANS = 0.0022;
const TOUCH_RADIANS = 0.0055;
const PITCH_MAX = Math.PI / 2 - 0.01;
/** How far the stick moves, in CSS pixels; beyond it the player runs. */
const STICK_RADIUS = 52;

/** Everything the player does, gathered between frames: keys, mouse with pointer lock (or dragging where the lock is refused), touch, and injected presses of tests. */
export class Input {
  yaw = 0;
  pitch = 0;
  /** No movement is meant while a menu is open. */
  menu = false;
  onSlot: (slot: number) => void = () => {};
  onWheel: (by: number) => void = () => {};
  onKey: (key: 'help' | 'menu' | 'photo') => void = () => {};
  /** The pointer lock was taken or lost. */
  onLock: (locked: boolean) => void = () => {};

  private keys = 0;
  private touch = 0;
  private injected: { buttons: number; untilMs: number }[] = [];
  private held: number = Action.None;
  private queued: number[] = [];
  private repeatAtMs = 0;
  private dragging = false;
  private readonly canvas: HTMLElement;
  private readonly settings: Settings;

  constructor(canvas: HTMLElement, settings: Settings) {
    this.canvas = canvas;
    this.settings = settings;
    window.addEventListener('keydown', (e) => this.key(e, true));
    window.addEventListener('keyup', (e) => this.key(e, false));
    window.addEventListener('blur', () => this.release());
    document.addEventListener('pointerlockchange', () => {
      if (!this.locked) this.release();
      this.onLock(this.locked);
    });
    canvas.addEventListener('contextmenu', (e) => e.preventDefault());
    canvas.addEventListener('mousedown', (e) => this.mouseDown(e));
    window.addEventListener('mouseup', () => {
      this.dragging = false;
      this.held = Action.None;
    });
    window.addEventListener('mousemove', (e) => {
      if (this.locked || this.dragging) this.turn(e.movementX * MOUSE_RADIANS, e.movementY * MOUSE_RADIANS);
    });
    canvas.addEventListener('wheel', (e) => { if (!this.menu) this.onWheel(Math.sign(e.deltaY)); }, { passive: true });
  }

  get locked(): boolean {
    return document.pointerLockElement === this.canvas;
  }

  /** Asks for the pointer; where the browser refuses, dragging turns the view. */
  lock(): void {
    if (matchMedia('(pointer: coarse)').matches && !matchMedia('(any-pointer: fine)').matches) return;
    try {
      void Promise.resolve(this.canvas.requestPointerLock() as unknown).catch(() => {});
    } catch {
      // Refused: dragging it is.
    }
  }

  buttons(nowMs: number): number {
    this.injected = this.injected.filter((p) => p.untilMs > nowMs);
    const pressed = this.injected.reduce((sum, p) => sum | p.buttons, 0);
    return (this.menu ? 0 : this.keys | this.touch) | pressed;
  }

  /** The action to take in this frame. */
  action(nowMs: number): number {
    const next = this.queued.shift();
    if (next !== undefined) return next;
    if (this.held === Action.None || this.menu || nowMs < this.repeatAtMs) return Action.None;
    this.repeatAtMs = nowMs + REPEAT_MS;
    return this.held;
  }

  /** Presses buttons for a while, as the tests do. */
  press(buttons: number, untilMs: number): void {
    if (this.injected.length < 32) this.injected.push({ buttons, untilMs });
  }

  act(action: number): void {
    if (this.queued.length < 8) this.queued.push(action);
  }

  hold(action: number): void {
    this.held = action;
    this.repeatAtMs = 0;
  }

  turn(byX: number, byY: number): void {
    const { sensitivity, invertY } = this.settings;
    this.yaw = (this.yaw - byX * sensitivity) % (2 * Math.PI);
    this.pitch = Math.max(-PITCH_MAX, Math.min(PITCH_MAX, this.pitch - byY * sensitivity * (invertY ? -1 : 1)));
  }

  /** The on-screen controls: a stick that appears under the left thumb, looking on the right, buttons. */
  attachTouch(stick: HTMLElement, knob: HTMLElement, buttons: Record<'jump' | 'dig' | 'place' | 'throw' | 'crate' | 'blast', HTMLElement>): void {
    let stickId = -1;
    let lookId = -1;
    let origin = { x: 0, y: 0 };
    let last = { x: 0, y: 0 };
    this.canvas.addEventListener('pointerdown', (e) => {
      if (e.pointerType === 'mouse' || this.menu) return;
      this.canvas.setPointerCapture(e.pointerId);
      if (e.clientX < innerWidth * 0.42 && stickId < 0) {
        stickId = e.pointerId;
        origin = { x: e.clientX, y: e.clientY };
        stick.style.left = `${e.clientX}px`;
        stick.style.top = `${e.clientY}px`;
        stick.classList.add('held');
      } else if (lookId < 0) {
        lookId = e.pointerId;
        last = { x: e.clientX, y: e.clientY };
      }
    });
    this.canvas.addEventListener('pointermove', (e) => {
      if (e.pointerId === stickId) {
        const dx = e.clientX - origin.x;
        const dy = e.clientY - origin.y;
        this.touch = (this.touch & Button.Jump) | stickButtons(dx, dy);
        const reach = Math.min(1, STICK_RADIUS / Math.max(1, Math.hypot(dx, dy)));
        knob.style.transform = `translate(${dx * reach}px, ${dy * reach}px)`;
      } else if (e.pointerId === lookId) {
        this.turn((e.clientX - last.x) * TOUCH_RADIANS, (e.clientY - last.y) * TOUCH_RADIANS);
        last = { x: e.clientX, y: e.clientY };
      }
    });
    const end = (e: PointerEvent) => {
      if (e.pointerId === stickId) {
        stickId = -1;
        this.touch &= Button.Jump;
        knob.style.transform = '';
        stick.classList.remove('held');
        stick.style.left = stick.style.top = '';
      } else if (e.pointerId === lookId) lookId = -1;
    };
    this.canvas.addEventListener('pointerup', end);
    this.canvas.addEventListener('pointercancel', end);
    const button = (element: HTMLElement, down: () => void, up: () => void) => {
      element.addEventListener('pointerdown', (e) => {
        e.preventDefault();
        down();
      });
      for (const name of ['pointerup', 'pointercancel', 'pointerleave'] as const) element.addEventListener(name, up);
    };
    button(buttons.jump, () => (this.touch |= Button.Jump), () => (this.touch &= ~Button.Jump));
    button(buttons.dig, () => this.hold(Action.Dig), () => this.hold(Action.None));
    button(buttons.place, () => this.hold(Action.Place), () => this.hold(Action.None));
    button(buttons.throw, () => this.act(Action.Throw), () => {});
    button(buttons.crate, () => this.act(Action.Crate), () => {});
    button(buttons.blast, () => this.act(Action.Blast), () => {});
  }

  private key(event: KeyboardEvent, down: boolean): void {
    if (event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (down && !event.repeat) {
      if (event.code === 'KeyH' || event.key === '?') this.onKey('help');
      else if (event.code === 'Escape') this.onKey('menu');
      else if (event.code === 'KeyP') this.onKey('photo');
      else if (SLOT_KEYS.includes(event.code)) this.onSlot(SLOT_KEYS.indexOf(event.code));
      else if (ACTION_KEYS[event.code] !== undefined && !this.menu) this.act(ACTION_KEYS[event.code]!);
    }
    const bit = KEYS[event.code];
    if (bit === undefined) return;
    if (this.menu && down) return;
    if (down && !(event.target instanceof HTMLButtonElement)) event.preventDefault();
    this.keys = down ? this.keys | bit : this.keys & ~bit;
  }

  private mouseDown(event: MouseEvent): void {
    if (this.menu) return;
    if (!this.locked) {
      this.dragging = true;
      this.lock();
      if (event.button === 0) return;
    }
    this.hold(event.button === 0 ? Action.Dig : event.button === 2 ? Action.Place : Action.None);
  }

  private release(): void {
    this.keys = 0;
    this.touch = 0;
    this.held = Action.None;
    this.dragging = false;
  }
}

/** The stick's eight directions as buttons; the outer rim runs. Screen axes: y grows downwards. */
export function stickButtons(dx: number, dy: number): number {
  const length = Math.hypot(dx, dy);
  if (length < 12) return 0;
  const x = dx / length;
  const y = dy / length;
  const edge = Math.sin(Math.PI / 8);
  return (y < -edge ? Button.Forward : y > edge ? Button.Back : 0) | (x < -edge ? Button.Left : x > edge ? Button.Right : 0) | (length > STICK_RADIUS * 1.1 ? Button.Run : 0);
}
