// Bulks of messages, and ends that do not keep up. A gate is a request that the
// test answers when the page may go on.

import { block, closed, isBlock, open } from './socket.js';

// counter takes the messages of a bulk: it returns how many came, and how many
// were not what they should be.
function counter(size) {
  const seen = { count: 0, wrong: 0 };
  return {
    seen,
    take(data) {
      seen.wrong += !isBlock(data, seen.count, size);
      seen.count++;
    },
  };
}

// blocked takes a bulk, and stops the page's only thread at the first message.
export async function blocked({ url, gate, size }) {
  const ws = await open(url);
  const { seen, take } = counter(size);
  ws.onmessage = (e) => {
    if (seen.count === 0) {
      const request = new XMLHttpRequest();
      request.open('GET', gate, false); // nothing goes on until the answer
      request.send();
    }
    take(e.data);
  };
  return { ...(await closed(ws)), ...seen };
}

// unread takes a bulk by WebSocketStream, which the page does not read before
// it may.
export async function unread({ url, gate, size }) {
  const ws = new WebSocketStream(url);
  const { readable } = await ws.opened;
  await fetch(gate);
  const { seen, take } = counter(size);
  for await (const data of readable) {
    take(new Uint8Array(data).buffer); // of a view as of a buffer
  }
  const { closeCode, reason } = await ws.closed;
  return { code: closeCode, reason, ...seen };
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// rest returns bufferedAmount once it does not fall any more, or is zero.
async function rest(ws) {
  let amount;
  do {
    amount = ws.bufferedAmount;
    await pause(500);
  } while (amount > 0 && ws.bufferedAmount !== amount);
  return amount;
}

// flood sends a bulk to a server that does not read before the gate is open:
// it tells the gate how much is left here then, and returns what is at the end.
export async function flood({ url, gate, size, count }) {
  const ws = await open(url);
  for (let n = 0; n < count; n++) {
    ws.send(block(n, size));
  }
  const end = closed(ws);
  await fetch(`${gate}?left=${await rest(ws)}`);
  while (ws.bufferedAmount > 0) {
    await pause(10);
  }
  ws.close(1000);
  return { left: ws.bufferedAmount, ...(await end) };
}

const hex = (buffer) => Array.from(new Uint8Array(buffer), (b) => b.toString(16).padStart(2, '0')).join('');

// digest returns the SHA-256 of all the bytes that come until the connection
// ends.
export async function digest({ url }) {
  const ws = await open(url);
  const parts = [];
  ws.onmessage = (e) => parts.push(e.data);
  const end = await closed(ws);
  const bytes = await new Blob(parts).arrayBuffer();
  return { ...end, size: bytes.byteLength, sha256: hex(await crypto.subtle.digest('SHA-256', bytes)) };
}
