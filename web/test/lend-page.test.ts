import type { Browser, Page } from 'playwright-core';
import { createServer, type ViteDevServer } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch } from '../dev/browser';
import { MadeUpCoordinator } from '../dev/work';
import { Fault } from '../src/lend/wire';

// The page that lends, in a real browser, against a coordinator of the test's own over the real wire: real workers, real kernels, real signatures.
let server: ViteDevServer;
let browser: Browser;
let address: string;
const errors: string[] = [];
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

async function open(coordinator: MadeUpCoordinator, more: object = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...more });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.on('pageerror', (error) => errors.push(error.message));
  await coordinator.attach(page);
  await page.goto(`${address}/lend.html`);
  return page;
}

async function until(holds: () => boolean): Promise<void> {
  await expect.poll(holds, { timeout: 60_000, interval: 20 }).toBe(true);
}

const shows = (page: Page, id: string, text: string) => page.waitForFunction(([at, wanted]) => document.getElementById(at!)!.textContent === wanted, [id, text]);
const says = (page: Page, id: string, text: string) => page.waitForFunction(([at, wanted]) => document.getElementById(at!)!.textContent!.includes(wanted!), [id, text]);
const word = (page: Page, text: string) => shows(page, 'state-word', text);
const sum = new Uint8Array([0, 4, 5]);

describe('the page that lends', () => {
  it('asks first, computes, shows the verdict and a receipt whose signature holds, and marks a forged one', TIMEOUT, async () => {
    const coordinator = new MadeUpCoordinator();
    const page = await open(coordinator);
    await page.waitForFunction(() => document.getElementById('start-note')!.textContent !== '');
    expect(coordinator.hellos).toBe(0);
    await page.focus('#start');
    await page.keyboard.press('Enter');
    await until(() => coordinator.parked > 0);
    await word(page, 'Ready');
    coordinator.assign(7n, sum);
    await until(() => coordinator.results.length === 1);
    expect([...coordinator.results[0]!.output]).toEqual([9, 0, 0, 0]);
    await coordinator.receipt(7n, 1, coordinator.results[0]!.fuel, 250n);
    coordinator.standing({ balance: 1_250_000n, kernels: [{ kernel: coordinator.kernel, name: '<b>probe</b>', trust: 940, accepted: 12, late: 0, wrong: 1, sampled: 82 }] });
    await page.waitForFunction(() => document.querySelector('#tasks tbody td.good:last-child')?.textContent === 'signed ✓');
    // The standing comes in a message of its own, behind the receipt; all that it says is shown with it.
    await shows(page, 'credits', '1.25');
    expect(await page.locator('#tasks tbody tr').first().locator('td').allTextContents()).toEqual(expect.arrayContaining(['<b>probe</b>', 'accepted', '0.000250', 'signed ✓']));
    expect(await page.locator('#kernels tbody tr').first().locator('td').allTextContents()).toEqual(['<b>probe</b>', '94 %', '8.2 %', '12', '0', '1']);
    await coordinator.receipt(7n, 1, 1n, 9_000_000n, '', true);
    await page.waitForFunction(() => document.querySelector('#tasks tbody td.bad:last-child')?.textContent === 'forged ✗');
    await says(page, 'notice', 'not that of the server');
    expect(await page.textContent('#credits-note')).toBe('0.000250 on this visit');
    const saved = page.waitForEvent('download');
    await page.click('#save');
    expect((await saved).suggestedFilename()).toBe('egregore-receipts.json');
    await page.context().close();
  });

  it('ends a task over its time with its worker, and goes on', TIMEOUT, async () => {
    const coordinator = new MadeUpCoordinator();
    const page = await open(coordinator);
    await page.click('#start');
    await until(() => coordinator.parked > 0);
    coordinator.assign(1n, sum, { runMs: 60_000 });
    await until(() => coordinator.results.length === 1);
    await until(() => coordinator.parked > 0);
    coordinator.assign(2n, new Uint8Array([1]), { runMs: 300, fuel: 1n << 62n });
    await until(() => coordinator.failures.length === 1);
    expect(coordinator.failures[0]).toMatchObject({ lease: 2n, code: Fault.TooLate });
    await until(() => coordinator.parked > 0);
    coordinator.assign(3n, sum, { runMs: 60_000 });
    await until(() => coordinator.results.length === 2);
    expect(coordinator.kernelRequests).toBe(1);
    await page.context().close();
  });

  it('says why it pauses, takes back what it parked, and keeps what was set', TIMEOUT, async () => {
    const coordinator = new MadeUpCoordinator();
    const page = await open(coordinator);
    await page.click('#start');
    await until(() => coordinator.parked > 0);
    await page.click('#pause');
    await word(page, 'Paused');
    await shows(page, 'state-why', 'You paused it.');
    await until(() => coordinator.paused);
    await page.click('#pause');
    await until(() => coordinator.parked > 0);
    coordinator.standing({ bannedMs: 3_600_000, reason: 'wrong: an invariant is broken' });
    await page.waitForFunction(() => document.getElementById('state-why')!.textContent!.includes('Wrong: an invariant is broken. It goes on in 59 min'));
    await page.fill('#share-range', '30');
    await page.check('#pause-hidden');
    expect(await page.textContent('#share-out')).toBe('30 %');
    await page.click('#stop');
    expect(await page.isVisible('#ask')).toBe(true);
    await page.reload();
    expect(await page.inputValue('#share-range')).toBe('30');
    expect(await page.isChecked('#pause-hidden')).toBe(true);
    await page.context().close();
  });

  it('comes back when the server was away, and shows a refusal with its reason', TIMEOUT, async () => {
    const coordinator = new MadeUpCoordinator();
    const page = await open(coordinator);
    await page.click('#start');
    await until(() => coordinator.parked > 0);
    coordinator.away = true;
    coordinator.cut();
    await word(page, 'Server away');
    await page.waitForFunction(() => document.getElementById('state-countdown')!.textContent!.startsWith('Trying again in'));
    coordinator.refusal = 'banned for 60 minutes';
    coordinator.away = false;
    await page.dispatchEvent('#retry', 'click');
    await word(page, 'Refused');
    await says(page, 'state-why', 'Forbidden: banned for 60 minutes.');
    coordinator.refusal = '';
    // It may try by itself in this moment, and then has no button any more.
    await page.dispatchEvent('#retry', 'click');
    await word(page, 'Ready');
    await page.context().close();
  });

  it('lends from one tab of a browser, and lets another take over', TIMEOUT, async () => {
    const first = new MadeUpCoordinator();
    const page = await open(first);
    await page.click('#start');
    await until(() => first.parked > 0);
    const second = new MadeUpCoordinator();
    const other = await page.context().newPage();
    await second.attach(other);
    await other.goto(`${address}/lend.html`);
    await other.click('#start');
    await other.waitForFunction(() => document.getElementById('ask-problem')!.textContent!.includes('lends already'));
    await other.click('#start');
    await until(() => second.parked > 0);
    await page.waitForFunction(() => document.getElementById('ask-problem')!.textContent === 'Another tab of this browser lends now.');
    await page.context().close();
  });

  it('fits a phone, in the dark, without motion', TIMEOUT, async () => {
    const coordinator = new MadeUpCoordinator();
    const page = await open(coordinator, { viewport: { width: 390, height: 800 }, colorScheme: 'dark', reducedMotion: 'reduce' });
    await page.click('#start');
    await word(page, 'Ready');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe('rgb(14, 21, 29)');
    await page.context().close();
  });
});

it('throws no error in the page', () => {
  expect(errors).toEqual([]);
});
