// Posts a message at the asked interval; see clock.ts for why this is a worker.
self.onmessage = (event: MessageEvent<number>) => {
  setInterval(() => self.postMessage(0), event.data);
};
