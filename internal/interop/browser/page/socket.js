// What the tasks share.

// open returns a WebSocket that is open.
export function open(url, protocols = [], binaryType = 'arraybuffer') {
  const ws = new WebSocket(url, protocols);
  ws.binaryType = binaryType;
  return new Promise((done, fail) => {
    ws.onopen = () => done(ws);
    ws.onclose = (e) => fail(new Error(`no connection to ${url}: ${e.code}`));
  });
}

// closed returns how a WebSocket ends.
export function closed(ws) {
  return new Promise((done) => {
    ws.onclose = ({ code, reason, wasClean }) => done({ code, reason, wasClean });
  });
}

// next returns the data of the next message.
export function next(ws) {
  return new Promise((done, fail) => {
    ws.onmessage = (e) => done(e.data);
    ws.onclose = (e) => fail(new Error(`closed with ${e.code} instead of a message`));
  });
}

// pattern returns bytes that do not repeat early.
export function pattern(size) {
  return Uint8Array.from({ length: size }, (_, i) => (i * 31) ^ (i >> 8));
}

// block is the nth message of a bulk: n as a 32-bit number, again and again.
export function block(n, size) {
  return new Uint32Array(size / 4).fill(n);
}

// isBlock says whether a message is the nth one, and whole.
export function isBlock(data, n, size) {
  return data.byteLength === size && new Uint32Array(data).every((v) => v === n);
}
