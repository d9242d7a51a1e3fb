import type { Browser, Page } from 'playwright-core';
import { createServer, type ViteDevServer } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch } from '../dev/browser';

// The pages in a real browser, on the development source: the picture, the controls, the edge modules that need a browser, the dashboard.
let server: ViteDevServer;
let browser: Browser;
let address: string;
const errors: string[] = [];

beforeAll(async () => {
  server = await createServer({ configFile: new URL('../dev/vite.config.ts', import.meta.url).pathname, server: { port: 0, host: '127.0.0.1', hmr: false, watch: null }, logLevel: 'error' });
  await server.listen();
  const bound = server.httpServer!.address();
  address = typeof bound === 'object' && bound ? `http://127.0.0.1:${bound.port}` : '';
  browser = await launch();
}, 60_000);

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

describe('the game page', () => {
  it('walks in by name and Enter, walks, digs, builds, and draws', { timeout: 60_000 }, async () => {
    const page = await open('/');
    await page.fill('#name', 'Ada');
    await page.press('#name', 'Enter');
    await walking(page);
    const before = await page.evaluate(() => window.egregore!.position());
    await page.evaluate(() => window.egregore!.press(['back'], 600));
    await page.waitForFunction((z) => window.egregore!.position().z > z + 1, before.z);

    await page.evaluate(() => window.egregore!.look(0.3, -1.1));
    await page.waitForFunction(() => window.egregore!.target() !== null);
    const target = (await page.evaluate(() => window.egregore!.target()))!;
    await page.evaluate(() => window.egregore!.act('dig'));
    await page.waitForFunction(([x, y, z]) => window.egregore!.block(x!, y!, z!) === 0, [target.x, target.y, target.z]);

    const stats = await page.evaluate(() => window.egregore!.stats());
    expect(stats['triangles']).toBeGreaterThan(1000);
    expect((await page.evaluate(() => window.egregore!.others())).map((o) => o.name)).toContain('Grace');
    expect(await page.textContent('[data-hud="peers"]')).toBe('3 direct · 1 relayed');
    await page.context().close();
  });

  it('steers by keys, chooses blocks, opens help and menu, keeps settings', { timeout: 60_000 }, async () => {
    const page = await open('/?walk=Grace');
    await walking(page);
    await page.keyboard.press('3');
    expect(await page.textContent('[data-hud="block"]')).toBe('Stone');
    const before = await page.evaluate(() => window.egregore!.position());
    await page.keyboard.down('s');
    await page.waitForFunction((z) => window.egregore!.position().z > z + 0.5, before.z);
    await page.keyboard.up('s');
    await page.keyboard.press('h');
    expect(await page.isVisible('#help')).toBe(true);
    await page.click('#help button.main');
    expect(await page.isVisible('#help')).toBe(false);
    // With the pointer locked the browser's Escape opens the menu by the lost lock; here by its button.
    await page.evaluate(() => document.exitPointerLock());
    if (!(await page.isVisible('#menu'))) await page.click('#open-menu');
    await page.check('#set-invert');
    expect(await page.evaluate(() => JSON.parse(localStorage.getItem('egregore.settings')!).invertY)).toBe(true);
    await page.context().close();
  });

  it('says what works while the server is gone, and has touch controls on a phone', { timeout: 60_000 }, async () => {
    const page = await open('/?walk=Ada&gone', { width: 390, height: 780 }, { hasTouch: true, isMobile: true });
    await walking(page);
    await page.waitForSelector('#banner:not([hidden])');
    expect(await page.textContent('#banner')).toMatch(/^Server unreachable: you still see neighbours and can walk; digging and building wait until it is back\. Reconnecting in \d s\.$/);
    expect(await page.isVisible('#touch-jump')).toBe(true);
    const widest = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(widest).toBeLessThanOrEqual(390);
    await page.context().close();
  });

  it('shows a readable page without WebGL', { timeout: 60_000 }, async () => {
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
  it('keeps an identity over a reload, differs between tabs, signs and verifies', { timeout: 60_000 }, async () => {
    const page = await open('/dashboard.html');
    const key = () =>
      page.evaluate(async (module) => {
        const edge = (await import(/* @vite-ignore */ module)) as typeof import('../src/edge/crypto');
        await edge.cryptoStart(location.search);
        const bytes = new TextEncoder().encode('challenge');
        const signature = Uint8Array.from(atob(await edge.cryptoSign(bytes)), (c) => c.charCodeAt(0));
        const good = await edge.cryptoVerify(edge.cryptoPublicKey(), signature, bytes);
        signature[5]! ^= 1;
        const bad = await edge.cryptoVerify(edge.cryptoPublicKey(), signature, bytes);
        const foreign = await edge.cryptoVerify(new Uint8Array(65), signature, bytes);
        return { key: [...edge.cryptoPublicKey()], good, bad, foreign, signature: signature.length };
      }, '/src/edge/crypto.ts');
    const first = await key();
    expect(first).toMatchObject({ good: true, bad: false, foreign: false, signature: 64 });
    expect(first.key.length).toBe(65);
    await page.reload();
    expect((await key()).key).toEqual(first.key);
    const context = page.context();
    const second = await context.newPage();
    await second.goto(address + '/dashboard.html');
    const other = await second.evaluate(async (module) => {
      const edge = (await import(/* @vite-ignore */ module)) as typeof import('../src/edge/crypto');
      await edge.cryptoStart('');
      return [...edge.cryptoPublicKey()];
    }, '/src/edge/crypto.ts');
    expect(other).not.toEqual(first.key);
    await context.close();
  });

  it('keeps values, and hands them out once', { timeout: 60_000 }, async () => {
    const page = await open('/dashboard.html');
    const seen = await page.evaluate(async (module) => {
      const edge = (await import(/* @vite-ignore */ module)) as typeof import('../src/edge/store');
      const saved = await edge.storeSave('a', Uint8Array.of(1, 2, 3));
      const length = await edge.storeLoad('a');
      const bytes = [...edge.storeTake('a')];
      const again = edge.storeTake('a').length;
      await edge.storeRemove('a');
      return { saved, length, bytes, again, gone: await edge.storeLoad('a') };
    }, '/src/edge/store.ts');
    expect(seen).toEqual({ saved: true, length: 3, bytes: [1, 2, 3], again: 0, gone: -1 });
    await page.context().close();
  });

  it('opens a direct link, carries both channels, reports a host pair, closes', { timeout: 60_000 }, async () => {
    const page = await open('/dashboard.html');
    const seen = await page.evaluate(async ([rtcModule, queueModule]) => {
      const { RtcLinks, RtcEvent } = (await import(/* @vite-ignore */ rtcModule!)) as typeof import('../src/edge/rtc');
      const { readRecords } = (await import(/* @vite-ignore */ queueModule!)) as typeof import('../src/edge/queue');
      const sides = [new RtcLinks(), new RtcLinks()] as const;
      const names = ['aa'.repeat(16), 'bb'.repeat(16)] as const;
      const indices = [sides[0].offer(names[1], 7), -1];
      const got: { side: number; type: number; body: number[] }[] = [];
      const states: number[][] = [[], []];
      const buffer = new Uint8Array(1 << 20);
      const pump = () => {
        for (const side of [0, 1] as const) {
          const used = sides[side].drain(buffer);
          for (const record of readRecords(buffer.subarray(0, used))) {
            if (record.type === RtcEvent.Signal) {
              const view = new DataView(record.body.buffer);
              const mid = record.body[5]!;
              const text = (from: number, to?: number) => new TextDecoder().decode(record.body.subarray(from, to));
              const index = sides[1 - side]!.signal(names[side], view.getUint32(0, true), view.getUint8(4), text(6 + mid), text(6, 6 + mid));
              if (index >= 0) indices[1 - side] = index;
            } else if (record.type === RtcEvent.State) states[side]!.push(record.body[0]!);
            else got.push({ side, type: record.type, body: [...record.body] });
          }
        }
      };
      const until = async (done: () => boolean) => {
        for (const limit = performance.now() + 20_000; !done() && performance.now() < limit; await new Promise((r) => setTimeout(r, 10))) pump();
        return done();
      };
      const opened = await until(() => states.every((s) => s.includes(1)));
      const sent = [sides[0].send(indices[0]!, 0, Uint8Array.of(1, 2)), sides[0].send(indices[0]!, 1, Uint8Array.of(3)), sides[1].send(indices[1]!, 1, new Uint8Array(70_000)), sides[0].send(99, 0, new Uint8Array(1))];
      await until(() => got.length === 2);
      const stats = await sides[0].stats();
      sides[0].close(indices[0]!);
      const closed = await until(() => states[1]!.some((s) => s >= 3));
      return { opened, sent, got: got.sort((a, b) => a.type - b.type), stats, closed, strayed: sides[1].signal('cc'.repeat(16), 1, 2, 'x', '0') };
    }, ['/src/edge/rtc.ts', '/src/edge/queue.ts']);
    expect(seen).toMatchObject({ opened: true, sent: [0, 0, 3, 1], got: [{ side: 1, type: 0, body: [1, 2] }, { side: 1, type: 1, body: [3] }], closed: true, strayed: -1 });
    expect(['host', 'prflx']).toContain(seen.stats[0]!.localType);
    expect(seen.stats[0]!.bytesSent).toBeGreaterThan(0);
    await page.context().close();
  });
});

describe('the dashboard', () => {
  it('draws the stream, sorts sessions, and says when the stream is lost', { timeout: 60_000 }, async () => {
    const page = await open('/dashboard.html', { width: 1200, height: 900 });
    await page.waitForFunction(() => document.querySelectorAll('#mesh .node').length > 5);
    expect(await page.textContent('#status')).toBe('Live');
    expect(await page.locator('#mesh .link.direct').count()).toBeGreaterThan(3);
    await page.click('#sessions button[data-key="bytesOutPerS"]');
    expect(await page.getAttribute('#sessions th[aria-sort]', 'aria-sort')).toBe('descending');
    await page.context().setOffline(true);
    await page.route('**/api/stream', (route) => route.abort());
    await page.waitForFunction(() => document.documentElement.dataset['stream'] === 'lost');
    expect(await page.textContent('#status')).toContain('Stream lost');
    await page.context().close();
  });
});

it('throws no error in any page', () => {
  expect(errors).toEqual([]);
});
