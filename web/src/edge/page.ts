/** What C# says to the player outside the frame: short texts, rarely. */
export type ToastLevel = 'info' | 'good' | 'warning' | 'error';

const LEVELS: readonly ToastLevel[] = ['info', 'good', 'warning', 'error'];
let onToast: (level: ToastLevel, text: string) => void = () => {};
let onFatal: (title: string, text: string) => void = () => {};

/** The user interface takes over what is said from here on. */
export function pageAttach(toast: typeof onToast, fatal: typeof onFatal): void {
  onToast = toast;
  onFatal = fatal;
}

/** Shows a line for a few seconds. `level`: 0 info, 1 good, 2 warning (a refusal with its reason), 3 error. */
export function pageToast(level: number, text: string): void {
  onToast(LEVELS[level] ?? 'info', text.slice(0, 200));
}

/** Ends the game with a readable page: the world cannot be entered (another version, banned). */
export function pageFatal(title: string, text: string): void {
  onFatal(title.slice(0, 100), text.slice(0, 1000));
}
