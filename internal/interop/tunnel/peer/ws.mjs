// A stream of the npm package ws, its createWebSocketStream, joined with TCP:
//   node ws.mjs server PORT TARGET-PORT    from each WebSocket to a target
//   node ws.mjs client PORT URL            from each connection to a server
// It prints a line when it listens. A failure on one side is a reset on the
// other one.

import net from 'node:net';

import { WebSocket, WebSocketServer, createWebSocketStream } from 'ws';

const [side, port, other] = process.argv.slice(2);
const host = '127.0.0.1';
const normal = new Set([1000, 1005]);

function join(ws, socket) {
  const stream = createWebSocketStream(ws);
  const fail = () => {
    stream.destroy();
    socket.resetAndDestroy();
  };
  stream.on('error', fail);
  socket.on('error', fail);
  // The stream ends well whatever the code is.
  ws.prependListener('close', (code) => normal.has(code) || fail());
  stream.pipe(socket).pipe(stream);
}

const listening = () => console.log('listening');
if (side === 'server') {
  const server = new WebSocketServer({ host, port, handleProtocols: () => 'binary' }, listening);
  server.on('connection', (ws) => join(ws, net.connect({ host, port: other, allowHalfOpen: true })));
} else {
  net
    .createServer({ allowHalfOpen: true }, (socket) => join(new WebSocket(other, ['binary']), socket))
    .listen(port, host, listening);
}
