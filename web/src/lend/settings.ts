import type { LendSettings } from './policy';

const KEY = 'egregore.lend';

/** Half of the cores for most of the time, until a person says otherwise. */
function defaults(coresMax: number): LendSettings {
  return { cores: Math.max(1, Math.floor(coresMax / 2)), share: 0.75, pauseOnBattery: true, pauseHidden: false, pauseInUse: false };
}

/** What was kept in this browser, within today's bounds. */
export function loadSettings(coresMax: number): LendSettings {
  const settings = defaults(coresMax);
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<LendSettings>;
    for (const name of ['pauseOnBattery', 'pauseHidden', 'pauseInUse'] as const) if (typeof kept[name] === 'boolean') settings[name] = kept[name];
    if (typeof kept.cores === 'number' && Number.isInteger(kept.cores)) settings.cores = Math.min(coresMax, Math.max(1, kept.cores));
    if (typeof kept.share === 'number' && kept.share >= 0.1 && kept.share <= 1) settings.share = kept.share;
  } catch {
    // Nothing readable is kept.
  }
  return settings;
}

export function saveSettings(settings: LendSettings): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // The browser keeps nothing: the settings hold for this visit.
  }
}
