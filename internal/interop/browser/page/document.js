// The document around connections, and how they end with it.

import { open } from './socket.js';

// cookie sets one, if it is given, and returns them all.
export function cookie({ cookie }) {
  if (cookie) {
    document.cookie = cookie;
  }
  return document.cookie;
}

const held = [];

// hold opens a connection that is then left alone.
export async function hold({ url }) {
  held.push(await open(url));
}

// holdInFrame opens a connection in a frame, and removes the frame.
export async function holdInFrame({ url }) {
  const frame = document.createElement('iframe');
  document.body.append(frame);
  const ws = new frame.contentWindow.WebSocket(url);
  await new Promise((done) => (ws.onopen = done));
  frame.remove();
}

// holdInWorker opens a connection in a worker, and ends the worker.
export async function holdInWorker({ url }) {
  const source = `const ws = new WebSocket(${JSON.stringify(url)}); ws.onopen = () => postMessage('open');`;
  const worker = new Worker(URL.createObjectURL(new Blob([source])));
  await new Promise((done) => (worker.onmessage = done));
  worker.terminate();
}
