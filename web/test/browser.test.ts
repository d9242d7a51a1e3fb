import type { Browser, Page } from 'playwright-core';
import { createServer, type ViteDevServer } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch } from '../dev/browser';
import { reportAt } from '../dev/stream';
import type {} from '../dev/edge';
import type {} from '../src/game/debug';

// The pages in a real browser, on the development source: the picture, the controls, the edge modules that need a browser, the dashboard.
let server: ViteDevServer;
let browser: Browser;
let address: string;
const errors: string[] = [];
/** What is waited for is waited for by itself; this ends a test that waits for what never comes, on a machine that is busy with others too. */
const TIMEOUT = { timeout: 150_000 };

beforeAll(async () => {
  server = await createServer({ configFile: new URL('../dev/vite.config.ts', import.meta.url).pathname, server: { port: 0, host: '127.0.0.1', hmr: false, watch: null }, logLevel: 'error' });
  await server.listen();
  const bound = server.httpServer!.address();
  address = typeof bound === 'object' && bound ? `http://127.0.0.1:${bound.port}` : '';
  browser = await launch();
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

async function open(path: string, viewport = { width: 480, height: 300 }, more: object = {}): Promise<Page> {
  const context = await browser.newContext({ viewport, ...more });
  const page = await context.newPage();
  page.setDefaultTimeout(50_000);
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(address + path);
  return page;
}

const walking = (page: Page) => page.waitForFunction(() => window.egregore?.walking() === true);

/** Walks back for more than a block, in presses: a slow machine takes few steps in the time of one, and each is short. */
async function walkBack(page: Page): Promise<void> {
  const { z } = await page.evaluate(() => window.egregore!.position());
  await expect.poll(() => page.evaluate(() => {
    window.egregore!.press(['back'], 600);
    return window.egregore!.position().z;
  }), { interval: 300, timeout: 50_000 }).toBeGreaterThan(z + 1);
}

/** Looks there; gives the block under the crosshair once it and the player are the same over four steps that were all taken after the look. */
function targetOf(page: Page, yaw: number, pitch: number): Promise<{ x: number; y: number; z: number }> {
  return page.evaluate(([yaw, pitch]) => new Promise((resolve) => {
    const game = window.egregore!;
    game.look(yaw!, pitch!);
    game.stepTimes();
    let [seen, same] = ['', 0];
    const look = () => {
      const target = game.target();
      // As many steps as there are times of them: none may have been taken since the frame before.
      if (game.stepTimes().length > 0) {
        const now = JSON.stringify([game.position(), target]);
        same = target && now === seen ? same + 1 : 0;
        seen = now;
      }
      if (target && same >= 3) resolve(target);
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }), [yaw, pitch]);
}

describe('the game page', () => {
  it('walks in by name and Enter, walks, digs, builds, and draws', TIMEOUT, async () => {
    const page = await open('/');
    await page.fill('#name', 'Ada');
    await page.press('#name', 'Enter');
    await walking(page);
    await walkBack(page);

    const target = await targetOf(page, 0.3, -1.1);
    await page.evaluate(() => window.egregore!.act('dig'));
    await page.waitForFunction(([x, y, z]) => window.egregore!.block(x!, y!, z!) === 0, [target.x, target.y, target.z]);

    const stats = await page.evaluate(() => window.egregore!.stats());
    expect(stats['triangles']).toBeGreaterThan(1000);
    expect((await page.evaluate(() => window.egregore!.others())).map((o) => o.name)).toContain('Grace');
    expect(await page.textContent('[data-hud="peers"]')).toBe('3 direct · 1 relayed');
    await page.context().close();
  });

  it('steers by keys, chooses blocks, opens help and menu, keeps settings', TIMEOUT, async () => {
    const page = await open('/?walk=Grace');
    await walking(page);
    await page.keyboard.press('3');
    expect(await page.textContent('[data-hud="block"]')).toBe('Grass');
    const before = await page.evaluate(() => window.egregore!.position());
    await page.keyboard.down('s');
    await page.waitForFunction((z) => window.egregore!.position().z > z + 0.5, before.z);
    await page.keyboard.up('s');
    await page.keyboard.press('h');
    expect(await page.isVisible('#help')).toBe(true);
    await page.click('#help button.main');
    expect(await page.isVisible('#help')).toBe(false);
    // Back in the world the pointer is locked again; Escape takes the lock away in the browser itself, and that opens the menu.
    await page.waitForFunction(() => document.pointerLockElement !== null);
    await page.evaluate(() => document.exitPointerLock());
    await page.waitForSelector('#menu[open]');
    await page.check('#set-invert');
    expect(await page.evaluate(() => JSON.parse(localStorage.getItem('egregore.settings')!).invertY)).toBe(true);
    await page.context().close();
  });

  it('throws and stacks crates, blasts rubble out of the ground, and draws them', TIMEOUT, async () => {
    const page = await open('/?walk=Ada');
    await walking(page);
    await targetOf(page, 0, -0.5);
    await page.keyboard.press('f');
    await page.waitForFunction(() => window.egregore!.bodies().length === 1);
    await page.keyboard.press('c');
    await page.waitForFunction(() => window.egregore!.bodies().length === 2);
    expect((await page.evaluate(() => window.egregore!.bodies())).map((b) => b.kind)).toEqual(['crate', 'crate']);
    // The stacked one is under the crosshair when it is looked at, and is not any more when the sky is.
    const stacked = await page.evaluate(() => {
      const body = window.egregore!.bodies()[1]!;
      const { x, y, z } = window.egregore!.position();
      const [dx, dy, dz] = [body.x - x, body.y - y - 1.62, body.z - z];
      window.egregore!.look(Math.atan2(-dx, -dz), Math.atan2(dy, Math.hypot(dx, dz)));
      return body.handle;
    });
    await page.waitForFunction((handle) => window.egregore!.aimed() === handle, stacked);
    await page.evaluate(() => window.egregore!.look(0, 1.2));
    await page.waitForFunction(() => window.egregore!.aimed() === null);
    await targetOf(page, 0, -0.5);
    await page.keyboard.press('g');
    await page.waitForFunction(() => window.egregore!.bodies().some((b) => b.kind === 'rubble'));
    // All come to rest, drawn where the last state says.
    await page.waitForFunction(() => window.egregore!.bodies().every((b) => !b.awake));
    const stats = await page.evaluate(() => window.egregore!.stats());
    expect(stats['bodies']).toBeGreaterThan(10);
    await page.context().close();
  });

  it('takes a photo that comes tile by tile, saves it, and says when nobody computes it', TIMEOUT, async () => {
    const page = await open('/?walk=Ada');
    await walking(page);
    await page.keyboard.press('p');
    await page.waitForFunction(() => window.egregore!.photo().end === 'whole');
    const { tiles, drawn } = await page.evaluate(() => window.egregore!.photo());
    expect(drawn).toBe(tiles);
    await page.waitForFunction(() => document.querySelector('#photo-text')!.textContent!.includes('3 helpers'));
    // Sky above, meadow below; every pixel is there.
    const colours = await page.evaluate(() => {
      const canvas = document.querySelector<HTMLCanvasElement>('#photo-picture')!;
      const { data, width, height } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
      const at = (y: number) => [...data.subarray(y * width * 4, y * width * 4 + 3)];
      return { top: at(2), bottom: at(height - 2), opaque: data.every((value, i) => i % 4 !== 3 || value === 255) };
    });
    expect(colours.opaque).toBe(true);
    expect(colours.top[2]).toBeGreaterThan(colours.top[0]! + 60);
    expect(colours.bottom[1]).toBeGreaterThan(colours.bottom[2]! + 60);
    const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('s')]);
    expect(download.suggestedFilename()).toMatch(/^egregore-.*\.png$/);
    await page.keyboard.press('Escape');
    expect(await page.isVisible('#photo')).toBe(false);
    expect(await page.isVisible('#menu')).toBe(false);
    await walkBack(page);

    await page.goto(`${address}/?walk=Ada&photo=nobody`);
    await walking(page);
    // Not by the pointer: a click that the canvas gets while the page is still being laid out would lock it there.
    await page.dispatchEvent('#open-photo', 'click');
    await page.waitForFunction(() => document.querySelector('#photo-text')!.textContent!.includes('No helper is here'));
    await page.waitForFunction(() => window.egregore!.photo().end === 'unfinished');
    expect(await page.isVisible('#photo-again')).toBe(true);
    expect(await page.isDisabled('#photo-save')).toBe(true);
    await page.click('#photo-close');
    await page.context().close();
  });

  it('says what works while the server is gone, and has touch controls on a phone', TIMEOUT, async () => {
    const page = await open('/?walk=Ada&gone', { width: 390, height: 780 }, { hasTouch: true, isMobile: true });
    await walking(page);
    await page.waitForSelector('#banner:not([hidden])');
    expect(await page.textContent('#banner')).toMatch(/^Server unreachable: you still see neighbours and can walk; digging and building wait until it is back\. Reconnecting in \d s\.$/);
    expect(await page.isVisible('#touch-jump')).toBe(true);
    expect(await page.isVisible('#touch-throw')).toBe(true);
    await page.tap('#touch-throw');
    await page.waitForFunction(() => window.egregore!.bodies().length === 1);
    const widest = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(widest).toBeLessThanOrEqual(390);
    await page.context().close();
  });

  it('shows a readable page without WebGL', TIMEOUT, async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.addInitScript("HTMLCanvasElement.prototype.getContext = () => null");
    await page.goto(address);
    await page.waitForSelector('#fatal:not([hidden])');
    expect(await page.textContent('#fatal-text')).toContain('WebGL 2');
    await context.close();
  });
});

describe('the edge in a browser', () => {
  const openChecks = async () => {
    const page = await open('/dev/edge.html');
    await page.waitForFunction(() => window.checks !== undefined);
    return page;
  };

  it('keeps an identity over a reload, differs between tabs, signs and verifies', TIMEOUT, async () => {
    const page = await openChecks();
    const first = await page.evaluate(() => window.checks!.identity());
    expect(first).toMatchObject({ good: true, bad: false, foreign: false, signatureBytes: 64 });
    expect(first.key.length).toBe(65);
    await page.reload();
    await page.waitForFunction(() => window.checks !== undefined);
    expect((await page.evaluate(() => window.checks!.identity())).key).toEqual(first.key);

    const second = await page.context().newPage();
    const keyAt = async (path: string) => {
      await second.goto(address + path);
      await second.waitForFunction(() => window.checks !== undefined);
      return (await second.evaluate(() => window.checks!.identity())).key;
    };
    expect(await keyAt('/dev/edge.html')).not.toEqual(first.key);
    const named = await keyAt('/dev/edge.html?identity=ada');
    expect(await keyAt('/dev/edge.html?identity=bob')).not.toEqual(named);
    expect(await keyAt('/dev/edge.html?identity=ada')).toEqual(named);
    await page.context().close();
  });

  it('keeps values, and hands them out once', TIMEOUT, async () => {
    const page = await openChecks();
    expect(await page.evaluate(() => window.checks!.store())).toEqual({ saved: true, length: 3, bytes: [1, 2, 3], again: 0, gone: -1 });
    await page.context().close();
  });

  it('opens a direct link, carries both channels, reports a direct pair, closes', TIMEOUT, async () => {
    const page = await openChecks();
    const seen = await page.evaluate(() => window.checks!.link());
    expect(seen).toMatchObject({ opened: true, sent: [0, 0, 3, 1], got: [{ side: 1, type: 0, body: [1, 2] }, { side: 1, type: 1, body: [3] }], closed: true, strayed: -1 });
    expect(['host', 'prflx']).toContain(seen.stats[0]!.localType);
    expect(seen.stats[0]!.bytesSent).toBeGreaterThan(0);
    await page.context().close();
  });
});

describe('the dashboard', () => {
  it('draws the stream, sorts sessions, and says when the stream is lost', TIMEOUT, async () => {
    const context = await browser.newContext({ viewport: { width: 1200, height: 900 } });
    const page = await context.newPage();
    page.on('pageerror', (error) => errors.push(error.message));
    // A report with each connection, and a new one at once, until the stream is cut: were it to end by itself, it would be lost before a slow machine has looked.
    let isCut = false;
    await page.route('**/api/stream', (route) => (isCut ? route.abort() : route.fulfill({ contentType: 'text/event-stream', body: `retry: 100\nevent: report\ndata: ${JSON.stringify(reportAt(30))}\n\n` })));
    await page.goto(`${address}/dashboard.html`);
    await page.waitForFunction(() => document.querySelectorAll('#mesh .node').length > 5);
    await page.waitForFunction(() => document.querySelector('#status')!.textContent === 'Live');
    expect(await page.locator('#mesh .link.direct').count()).toBeGreaterThan(3);
    await page.click('#sessions button[data-key="direct"]');
    expect(await page.getAttribute('#sessions th[aria-sort]', 'aria-sort')).toBe('descending');
    isCut = true;
    await page.waitForFunction(() => document.documentElement.dataset['stream'] === 'lost');
    expect(await page.textContent('#status')).toContain('Stream lost');
    await context.close();
  });
});

it('throws no error in any page', () => {
  expect(errors).toEqual([]);
});
