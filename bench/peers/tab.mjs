// One tab that walks in, in Debian's Chromium with an empty cache, RUNS times; then one more with gzip instead of brotli, whose bytes are counted; then it stays and, on a line on standard
// input, measures frames for SECONDS. A JSON line for each:
//   {"startS", "bytes", "encodings"} for each of RUNS and, with "gzip": true, for the one after; {"others"} while others come; {"stepMs", "fps", "others", "samples"} for the frames.
//
//   node tab.mjs URL RUNS OTHERS SECONDS
import { chromium } from 'playwright-core';
import { createInterface } from 'node:readline';

const [url, runs, wanted, seconds] = [process.argv[2], ...process.argv.slice(3).map(Number)];
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader',
  ],
});
process.on('exit', () => browser.close());

async function walkIn(gzip) {
  const context = await browser.newContext({ viewport: { width: 960, height: 540 } });
  const page = await context.newPage();
  const problems = [];
  page.on('pageerror', (error) => problems.push(error.message));
  const cdp = await context.newCDPSession(page);
  await cdp.send('Network.enable');
  await cdp.send('Network.setCacheDisabled', { cacheDisabled: true });
  if (gzip) await cdp.send('Network.setExtraHTTPHeaders', { headers: { 'Accept-Encoding': 'gzip' } });
  let bytes = 0;
  const encodings = {};
  cdp.on('Network.responseReceived', ({ response }) => {
    const name = response.headers['Content-Encoding'] ?? response.headers['content-encoding'] ?? 'none';
    encodings[name] = (encodings[name] ?? 0) + 1;
  });
  cdp.on('Network.loadingFinished', ({ encodedDataLength }) => { bytes += encodedDataLength; });
  await page.goto(`${url}/?walk=Bench`, { waitUntil: 'commit' });
  await page.waitForFunction(() => window.egregore?.walking() === true, undefined, { timeout: 120_000, polling: 100 })
    .catch((error) => { throw new Error(`the tab did not walk in: ${problems.join(' | ') || error.message}`); });
  const startS = await page.evaluate(() => window.egregore.stats().walkingAfterMs / 1000);
  console.log(JSON.stringify({ startS, bytes, encodings, gzip }));
  return { context, page };
}

for (let i = 0; i < runs; i++) await (await walkIn(false)).context.close();
const { page } = await walkIn(true);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
await lines.next();
for (let tries = 0; ; tries++) {
  const others = await page.evaluate(() => window.egregore.others().length);
  console.log(JSON.stringify({ others }));
  if (others >= wanted || tries === 60) break;
  await page.waitForTimeout(1000);
}
await page.waitForTimeout(3000); // the first frames with others are compiled
const samples = [];
for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
  samples.push(await page.evaluate(() => { const s = window.egregore.stats(); return { stepMs: s.stepMs, fps: s.framesPerSecond, others: window.egregore.others().length }; }));
  await page.waitForTimeout(250);
}
const mean = (of) => samples.reduce((sum, s) => sum + (of(s) ?? 0), 0) / samples.length;
console.log(JSON.stringify({ stepMs: mean((s) => s.stepMs), fps: mean((s) => s.fps), others: mean((s) => s.others), samples: samples.length }));
await browser.close();
process.exit(0);
