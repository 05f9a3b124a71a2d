// A peer that is a byte stream: ws's own createWebSocketStream.

import { createHash, randomFillSync } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';

import { createWebSocketStream } from 'ws';

const chunkSize = 64 << 10;

export function attach(ws, say) {
  const duplex = createWebSocketStream(ws);
  const received = counter();
  duplex.on('data', received.add);
  duplex.on('end', () => say('end', received.total()));
  duplex.on('error', (err) => say('error', { message: err.message }));
  return {
    write: ({ size, lines }) => write(duplex, size, lines ? fillLines : randomFillSync, say),
    end: () => duplex.end(),
    destroy: () => duplex.destroy(),
  };
}

let line = 0;

// fillLines fills with text that shrinks, as what servers log does.
function fillLines(buffer) {
  for (let at = 0; at < buffer.length; line++) {
    at += buffer.write(`{"seq":${line},"path":"/items/${(line * 7919) % 65521}","ms":${(line * line) % 271}}\n`, at);
  }
  return buffer;
}

// write sends size bytes of what fill makes and tells their checksum, unless the
// stream fails before they are sent.
async function write(duplex, size, fill, say) {
  const sent = counter();
  for (let left = size; left > 0; left -= chunkSize) {
    const chunk = fill(Buffer.allocUnsafe(Math.min(left, chunkSize)));
    sent.add(chunk);
    const err = await new Promise((done) => duplex.write(chunk, done));
    if (err) return;
    await setImmediate(); // else a fast reader keeps us from reading ourselves
  }
  say('wrote', sent.total());
}

function counter() {
  const hash = createHash('sha256');
  let size = 0;
  return {
    add(chunk) {
      hash.update(chunk);
      size += chunk.length;
    },
    total: () => ({ size, sha256: hash.digest('hex') }),
  };
}
