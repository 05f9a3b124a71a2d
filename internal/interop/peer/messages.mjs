// A peer that sends messages as it is told and reports those it receives.

import { createHash } from 'node:crypto';

import { say } from './lines.mjs';

export function attach(ws) {
  ws.on('message', (data, binary) => {
    const sha256 = createHash('sha256').update(data).digest('hex');
    say('message', { binary, size: data.length, sha256 });
  });
  ws.on('ping', (data) => say('ping', { data: data.toString('base64') }));
  ws.on('pong', (data) => say('pong', { data: data.toString('base64') }));
  ws.on('error', (err) => say('error', { message: err.message }));
  return {
    send: ({ data, binary, fin }) => ws.send(bytes(data), { binary, fin }),
    ping: ({ data }) => ws.ping(bytes(data)),
    close: ({ code, reason }) => ws.close(code, reason), // without a code: 1005
    terminate: () => ws.terminate(),
  };
}

function bytes(base64) {
  return Buffer.from(base64 ?? '', 'base64');
}
