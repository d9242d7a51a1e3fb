// One tab that walks in, in Debian's Chromium with an empty cache, RUNS times; then one more with gzip instead of brotli, whose bytes are counted; then it stays and, on a line on standard
// input, measures the C# of each frame for SECONDS; then the same in a tab that does everything but draw. A JSON line for each:
//   {"startS", "bytes", "encodings"} for each of RUNS and, with "gzip": true, for the one after; {"others"} while others come;
//   {"drawn", "meanMs", "medianMs", "p95Ms", "fps", "others", "frames"} for the frames, drawn and not.
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

async function walkIn(gzip, query = '') {
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
  await page.goto(`${url}/?walk=Bench${query}`, { waitUntil: 'commit' });
  await page.waitForFunction(() => window.egregore?.walking() === true, undefined, { timeout: 120_000, polling: 100 })
    .catch((error) => { throw new Error(`the tab did not walk in: ${problems.join(' | ') || error.message}`); });
  const startS = await page.evaluate(() => window.egregore.stats().walkingAfterMs / 1000);
  return { context, page, start: { startS, bytes, encodings, gzip } };
}

async function measure(page, drawn) {
  for (let tries = 0; ; tries++) {
    const others = await page.evaluate(() => window.egregore.others().length);
    console.log(JSON.stringify({ others }));
    if (others >= wanted || tries === 60) break;
    await page.waitForTimeout(1000);
  }
  await page.waitForTimeout(3000); // the first frames with others are compiled
  await page.evaluate(() => window.egregore.stepTimes());
  const times = [];
  const others = [];
  for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
    await page.waitForTimeout(250);
    const seen = await page.evaluate(() => ({ times: window.egregore.stepTimes(), others: window.egregore.others().length }));
    times.push(...seen.times);
    others.push(seen.others);
  }
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  times.sort((a, b) => a - b);
  const rank = (share) => times[Math.floor(share * (times.length - 1))];
  console.log(JSON.stringify({ drawn, meanMs: mean(times), medianMs: rank(0.5), p95Ms: rank(0.95), fps: times.length / seconds, others: mean(others), frames: times.length }));
}

for (let i = 0; i < runs; i++) {
  const { context, start } = await walkIn(false);
  console.log(JSON.stringify(start));
  await context.close();
}
const drawn = await walkIn(true);
console.log(JSON.stringify(drawn.start));
await createInterface({ input: process.stdin })[Symbol.asyncIterator]().next();
await measure(drawn.page, true);
await drawn.context.close();
const { page } = await walkIn(false, '&draw=off');
await measure(page, false);
await browser.close();
process.exit(0);
