export interface Settings {
  /** 1 is the middle; turns of the view for a movement of the mouse. */
  sensitivity: number;
  /** In chunks; 0: as the quality says. */
  viewDistance: number;
  quality: 'auto' | 'Low' | 'Medium' | 'High';
  invertY: boolean;
  name: string;
}

const KEY = 'egregore.settings';
export const DEFAULTS: Readonly<Settings> = { sensitivity: 1, viewDistance: 0, quality: 'auto', invertY: false, name: '' };

/** Reads what was kept; anything missing or out of range is the default. */
export function parseSettings(text: string | null): Settings {
  let kept: Partial<Record<keyof Settings, unknown>> = {};
  try {
    kept = (JSON.parse(text ?? '{}') as typeof kept | null) ?? {};
  } catch {
    // Damaged: defaults.
  }
  const number = (value: unknown, min: number, max: number, otherwise: number) => (typeof value === 'number' && value >= min && value <= max ? value : otherwise);
  return {
    sensitivity: number(kept.sensitivity, 0.1, 4, DEFAULTS.sensitivity),
    viewDistance: Math.round(number(kept.viewDistance, 0, 12, DEFAULTS.viewDistance)),
    quality: (['Low', 'Medium', 'High'] as const).find((q) => q === kept.quality) ?? 'auto',
    invertY: kept.invertY === true,
    name: typeof kept.name === 'string' ? kept.name.slice(0, 24) : '',
  };
}

export function loadSettings(): Settings {
  try {
    return parseSettings(localStorage.getItem(KEY));
  } catch {
    return { ...DEFAULTS };
  }
}

export function saveSettings(settings: Settings): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // A browser that keeps nothing: the settings last as long as the page.
  }
}
