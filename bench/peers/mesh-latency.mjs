// Two pages of the real game on one server, in Debian's Chromium, over links that the bench delays: how old a movement state is when the other page reads it. First over the direct link,
// then between the same two pages without WebRTC, by the server's relay. Drawing is off: where the processor draws, frames would be slower than links. A JSON line for each:
//   {"link": n, "ip", "port"} asks for a delayed link to a peer's address; the answer on standard input is {"link": n, "port"};
//   {"way": "direct" or "relay", "p50Ms", "p95Ms", "states", "sent", "fps", "hudDirectMs", "hudServerMs"} at the end of each part.
//
//   node mesh-latency.mjs URL_OF_A URL_OF_B SECONDS
import { chromium } from 'playwright-core';
import { createInterface } from 'node:readline';

const [urls, seconds] = [process.argv.slice(2, 4), Number(process.argv[4])];
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader',
    '--disable-background-timer-throttling', '--disable-backgrounding-occluded-windows', '--disable-renderer-backgrounding',
    '--disable-features=WebRtcHideLocalIpsWithMdns', // addresses in candidates, so that they can be replaced
  ],
});
process.on('exit', () => browser.close());

const links = new Map();
const answers = new Map();
createInterface({ input: process.stdin }).on('line', (line) => {
  const { link, port } = JSON.parse(line);
  answers.get(link)(port);
});
function linkTo(ip, port) {
  const address = `${ip} ${port}`;
  if (!links.has(address)) {
    const link = links.size;
    links.set(address, new Promise((resolve) => answers.set(link, resolve)));
    console.log(JSON.stringify({ link, ip, port }));
  }
  return links.get(address);
}

// In the page: every address of the other peer is replaced by that of a delayed link to it. Each datagram crosses one link, whichever end it comes from.
function delayPeers() {
  const delayed = async (candidate) => {
    const parts = candidate.split(' ');
    if (parts.length < 8 || parts[2].toLowerCase() !== 'udp' || parts[4].includes(':')) return null;
    parts[5] = String(await window.benchLinkTo(parts[4], Number(parts[5])));
    return parts.join(' ');
  };
  const { addIceCandidate, setRemoteDescription } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.addIceCandidate = async function (init) {
    if (!init?.candidate) return addIceCandidate.call(this, init);
    const candidate = await delayed(init.candidate);
    return candidate === null ? undefined : addIceCandidate.call(this, { ...init, candidate });
  };
  RTCPeerConnection.prototype.setRemoteDescription = async function (description) {
    const lines = [];
    for (const line of description.sdp.split('\r\n')) {
      if (!line.startsWith('a=candidate:')) lines.push(line);
      else {
        const candidate = await delayed(line.slice(2));
        if (candidate !== null) lines.push(`a=${candidate}`);
      }
    }
    return setRemoteDescription.call(this, { type: description.type, sdp: lines.join('\r\n') });
  };
}

async function open(url, name, direct) {
  const context = await browser.newContext({ viewport: { width: 320, height: 200 } });
  const page = await context.newPage();
  page.on('pageerror', (error) => console.error(error.message));
  if (direct) {
    await page.exposeFunction('benchLinkTo', linkTo);
    await page.addInitScript(delayPeers);
  } else {
    await page.addInitScript(() => { delete window.RTCPeerConnection; });
  }
  await page.goto(`${url}/?walk=${name}&draw=off`, { waitUntil: 'commit' });
  return page;
}

// How far a page's clock is ahead of the system's: both pages are on one machine, but each has an origin of its own.
const clockAhead = (page) => page.evaluate(async () => {
  const differences = [];
  for (let i = 0; i < 200; i++) {
    differences.push(performance.timeOrigin + performance.now() - Date.now());
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
  // Date.now() is cut to whole milliseconds: the least difference is the nearest.
  return Math.min(...differences);
});

async function measure(direct) {
  const pages = await Promise.all(urls.map((url, i) => open(url, 'AB'[i], direct)));
  for (const page of pages) {
    await page.waitForFunction(() => window.egregore?.walking() === true, undefined, { timeout: 60_000, polling: 100 });
    await page.waitForFunction((wanted) => window.egregore.others().some((o) => o.direct === wanted && !o.stale), direct, { timeout: 40_000, polling: 100 });
  }
  const ahead = await Promise.all(pages.map(clockAhead));
  for (const page of pages) await page.evaluate((ms) => window.egregore.press(['forward', 'jump'], ms), seconds * 1000 + 6000);
  await pages[0].waitForTimeout(4000); // hot loops are compiled
  for (const page of pages) await page.evaluate(() => { window.egregore.trace(); window.egregore.stepTimes(); });
  await pages[0].waitForTimeout(seconds * 1000);
  const traces = [];
  for (const page of pages) traces.push(await page.evaluate(() => window.egregore.trace()));
  const ages = [];
  let sent = 0;
  for (const from of [0, 1]) {
    const left = new Map(traces[from].sent.map(({ tick, atMs }) => [tick, atMs - ahead[from]]));
    sent += left.size;
    for (const { tick, atMs, path } of traces[1 - from].heard)
      if (left.has(tick) && path === (direct ? 'Direct' : 'Relay')) ages.push(atMs - ahead[1 - from] - left.get(tick));
  }
  ages.sort((a, b) => a - b);
  const rank = (share) => ages[Math.floor(share * (ages.length - 1))];
  const { stats, steps } = await pages[1].evaluate(() => ({ stats: window.egregore.stats(), steps: window.egregore.stepTimes().length }));
  const number = (value) => (Number.isFinite(value) ? value : null);
  console.log(JSON.stringify({
    way: direct ? 'direct' : 'relay', p50Ms: rank(0.5), p95Ms: rank(0.95), states: ages.length, sent, fps: steps / seconds,
    hudDirectMs: number(stats.directRttMs), hudServerMs: number(stats.viaServerRttMs),
  }));
  for (const page of pages) await page.context().close();
}

await measure(true);
await measure(false);
await browser.close();
process.exit(0);
