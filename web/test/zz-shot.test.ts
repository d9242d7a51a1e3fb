import { createServer } from 'vite';
import { it } from 'vitest';
import { launch } from '../dev/browser';
import { busyWorld, MadeUpCoordinator } from '../dev/work';
it('shoots', { timeout: 120_000 }, async () => {
  const server = await createServer({ configFile: new URL('../dev/vite.config.ts', import.meta.url).pathname, server: { port: 0, host: '127.0.0.1', hmr: false, watch: null }, logLevel: 'error' });
  await server.listen();
  const bound = server.httpServer!.address();
  const address = typeof bound === 'object' && bound ? `http://127.0.0.1:${bound.port}` : '';
  const browser = await launch();
  for (const [name, width, height, scheme] of [['light', 1280, 1000, 'light'], ['dark', 1280, 1000, 'dark'], ['phone', 390, 844, 'dark']] as const) {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme });
    const page = await context.newPage();
    page.on('pageerror', (e) => console.log('pageerror', e.message));
    page.on('console', (m) => console.log('console', m.text()));
    const coordinator = new MadeUpCoordinator();
    await coordinator.attach(page);
    const t = performance.now();
    await page.goto(address + '/lend.html');
    await page.waitForSelector('#start');
    console.log(name, 'loaded', performance.now() - t);
    await page.screenshot({ path: `/tmp/lend-${name}-ask.png` });
    await page.click('#start');
    const stop = busyWorld(coordinator, 60);
    await page.waitForTimeout(name === 'light' ? 14000 : 5000);
    await page.screenshot({ path: `/tmp/lend-${name}.png`, fullPage: true });
    console.log(name, 'results', coordinator.results.length, 'failures', coordinator.failures.map((f) => f.text), await page.evaluate(() => document.documentElement.scrollWidth));
    if (name === 'phone') { stop(); coordinator.away = true; coordinator.cut(); await page.waitForTimeout(800); await page.screenshot({ path: '/tmp/lend-away.png' }); }
    stop();
    await context.close();
  }
  await browser.close(); await server.close();
});
