// Messages, and how a connection begins and ends.

import { closed, next, open, pattern } from './socket.js';

const forms = {
  text: (bytes) => String.fromCharCode(...bytes.map((b) => 32 + (b % 90))),
  ArrayBuffer: (bytes) => bytes.buffer,
  Blob: (bytes) => new Blob([bytes]),
  view: (bytes) => bytes.subarray(0),
};

// toText is for bytes of any number, which do not fit into one call.
function toText(bytes) {
  let text = '';
  for (let at = 0; at < bytes.length; at += 4096) {
    text += forms.text(bytes.subarray(at, at + 4096));
  }
  return text;
}

const isSame = (a, b) => a.length === b.length && a.every((v, i) => v === b[i]);

// echo sends a message of a form and a size, and says what came back.
export async function echo({ url, form, size, binaryType }) {
  const ws = await open(url, [], binaryType);
  const bytes = pattern(size);
  const sent = form === 'text' ? toText(bytes) : forms[form](bytes);
  ws.send(sent);
  const got = await next(ws);
  ws.close(1000);
  if (typeof got === 'string') {
    return { type: 'text', size: got.length, same: got === sent };
  }
  const back = new Uint8Array(await new Blob([got]).arrayBuffer());
  return { type: got.constructor.name, size: back.length, same: isSame(back, bytes) };
}

// texts returns the echo of each text.
export async function texts({ url, texts }) {
  const ws = await open(url);
  const echoes = [];
  for (const text of texts) {
    ws.send(text);
    echoes.push(await next(ws));
  }
  ws.close(1000);
  return echoes;
}

// many sends so many small messages at once, and returns the echoes.
export async function many({ url, count }) {
  const ws = await open(url);
  const echoes = [];
  const all = new Promise((done, fail) => {
    ws.onclose = (e) => fail(new Error(`closed with ${e.code} after ${echoes.length}`));
    ws.onmessage = (e) => echoes.push(e.data) === count && done();
  });
  for (let n = 0; n < count; n++) {
    ws.send(`message ${n}`);
  }
  await all;
  ws.close(1000);
  return echoes;
}

// life connects, sends texts, closes if it is told how (an array: the arguments
// of close), and returns all that happened.
export function life({ url, protocols = [], send = [], close }) {
  const ws = new WebSocket(url, protocols);
  const seen = { opened: false, failed: false, messages: [] };
  ws.onmessage = (e) => seen.messages.push(e.data);
  ws.onerror = () => (seen.failed = true);
  ws.onopen = () => {
    seen.opened = true;
    send.forEach((text) => ws.send(text));
    if (close) {
      ws.close(...close);
    }
  };
  return closed(ws).then((end) => ({ ...seen, ...end, protocol: ws.protocol, extensions: ws.extensions }));
}

// lines returns text of a size that shrinks, different for each seed.
function lines(seed, size) {
  let text = '';
  for (let n = seed; text.length < size; n++) {
    text += `{"seq":${n},"path":"/items/${(n * 7919) % 65521}","name":"Ünïcode ${n % 13} 🙂"}\n`;
  }
  return text;
}

// compressed sends text, and the same text as bytes, of each size, and returns
// how many of the echoes were not what was sent.
export async function compressed({ url, sizes }) {
  const ws = await open(url);
  let wrong = 0;
  for (const size of sizes) {
    const text = lines(size, size);
    const bytes = new TextEncoder().encode(text);
    ws.send(text);
    wrong += (await next(ws)) !== text;
    ws.send(bytes);
    wrong += !isSame(new Uint8Array(await next(ws)), bytes);
  }
  const { extensions } = ws;
  ws.close(1000);
  return { wrong, extensions };
}
