// A peer for the Go tests: connections of the npm package ws. What to do is
// taken as JSON lines from stdin, what happens is told as JSON lines on stdout.

import { WebSocket, WebSocketServer } from 'ws';

import { obey } from './lines.mjs';
import * as messages from './messages.mjs';
import * as stream from './stream.mjs';

const modes = { messages, stream };

// listen waits for one connection.
function listen(say, { mode, subprotocols = [], compression }) {
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    ...deflate(compression),
    handleProtocols: (offered) => subprotocols.find((name) => offered.has(name)) ?? false,
  });
  let reply;
  server.on('headers', (headers) => (reply = extensionsIn(headers)));
  server.on('listening', () => say('listening', { port: server.address().port }));
  return new Promise((done) => {
    server.on('connection', (ws) => {
      server.close(); // to others: this connection goes on
      done(start(mode, ws, say, reply));
    });
  });
}

function dial(say, { mode, url, origin, subprotocols, compression }) {
  const ws = new WebSocket(url, subprotocols, { ...(origin && { origin }), ...deflate(compression) });
  let reply;
  ws.on('upgrade', ({ headers }) => (reply = headers['sec-websocket-extensions']));
  ws.on('unexpected-response', (request, response) => {
    say('refused', { status: response.statusCode });
    request.destroy();
  });
  ws.on('error', (err) => say('error', { message: err.message }));
  return new Promise((done) => {
    ws.on('open', () => done(start(mode, ws, say, reply)));
  });
}

// deflate returns ws's options for compression, none for its own default. What
// can be compressed is, however small, and a negative window is one that is not
// supported.
function deflate(compression) {
  if (!compression) return {};
  const perMessageDeflate = { threshold: 0, ...compression };
  for (const name of ['serverMaxWindowBits', 'clientMaxWindowBits']) {
    if (perMessageDeflate[name] < 0) perMessageDeflate[name] = false;
  }
  return { perMessageDeflate };
}

// extensionsIn returns what a server's reply says of extensions.
function extensionsIn(headers) {
  const name = 'sec-websocket-extensions: ';
  return headers.find((line) => line.toLowerCase().startsWith(name))?.slice(name.length);
}

// start returns the commands of the mode.
function start(mode = 'messages', ws, say, reply = '') {
  ws.on('close', (code, reason) => say('close', { code, reason: reason.toString() }));
  const commands = modes[mode].attach(ws, say);
  say('open', { subprotocol: ws.protocol, extensions: reply });
  return commands;
}

obey({ listen, dial });
