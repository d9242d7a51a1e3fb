import { clockNow } from './clock';
import { cryptoPublicKey, cryptoRandom, cryptoSign, cryptoVerify } from './crypto';
import type { FrameExports } from './frame';
import { pageFatal, pageToast } from './page';
import { rtcClose, rtcConfigure, rtcDrain, rtcOffer, rtcSend, rtcSignal, rtcStats } from './rtc';
import { sessionTicket } from './session';
import { socketClose, socketDrain, socketOpen, socketSend } from './socket';
import { storeLoad, storeRemove, storeSave, storeTake } from './store';

/** What C# imports, under the module name `egregore`. */
export const edgeImports = {
  clockNow,
  cryptoPublicKey, cryptoRandom, cryptoSign, cryptoVerify,
  pageFatal, pageToast,
  rtcClose, rtcConfigure, rtcDrain, rtcOffer, rtcSend, rtcSignal, rtcStats,
  sessionTicket,
  socketClose, socketDrain, socketOpen, socketSend,
  storeLoad, storeRemove, storeSave, storeTake,
};

export interface Runtime {
  Frame: FrameExports;
}

const BOOT_PATH = '/_egregore/boot.mjs';

/**
 * Starts .NET in the tab. `/_egregore/boot.mjs` exports `async function boot(imports)`, which registers the imports and resolves to the exported classes
 * by name (`Frame`). Rejects with a sentence for the player.
 */
export async function bootRuntime(): Promise<Runtime> {
  let exported: Record<string, Record<string, unknown>>;
  try {
    const module = (await import(/* @vite-ignore */ BOOT_PATH)) as { boot(imports: object): Promise<Record<string, Record<string, unknown>>> };
    exported = await module.boot(edgeImports);
  } catch (error) {
    throw new Error(`The game's .NET part did not start (${error instanceof Error ? error.message : String(error)}).`);
  }
  if (!exported['Frame']) throw new Error("The game's .NET part has no Frame: it is of another version than this page.");
  return { Frame: lowerInitials(exported['Frame']) as unknown as FrameExports };
}

/** C# methods keep their capital initials through `getAssemblyExports`. */
function lowerInitials(methods: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(methods).map(([name, method]) => [name[0]!.toLowerCase() + name.slice(1), method]));
}
