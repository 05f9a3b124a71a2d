// A peer for the Go tests: connections of the npm package ws. What to do is
// taken as JSON lines from stdin, what happens is told as JSON lines on stdout.

import { WebSocket, WebSocketServer } from 'ws';

import { obey } from './lines.mjs';
import * as messages from './messages.mjs';
import * as stream from './stream.mjs';

const modes = { messages, stream };

// listen waits for one connection.
function listen(say, { mode, subprotocols = [] }) {
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    handleProtocols: (offered) => subprotocols.find((name) => offered.has(name)) ?? false,
  });
  server.on('listening', () => say('listening', { port: server.address().port }));
  return new Promise((done) => {
    server.on('connection', (ws) => {
      server.close(); // to others: this connection goes on
      done(start(mode, ws, say));
    });
  });
}

function dial(say, { mode, url, origin, subprotocols }) {
  const ws = new WebSocket(url, subprotocols, origin ? { origin } : {});
  ws.on('unexpected-response', (request, response) => {
    say('refused', { status: response.statusCode });
    request.destroy();
  });
  ws.on('error', (err) => say('error', { message: err.message }));
  return new Promise((done) => {
    ws.on('open', () => done(start(mode, ws, say)));
  });
}

// start returns the commands of the mode.
function start(mode = 'messages', ws, say) {
  ws.on('close', (code, reason) => say('close', { code, reason: reason.toString() }));
  const commands = modes[mode].attach(ws, say);
  say('open', { subprotocol: ws.protocol });
  return commands;
}

obey({ listen, dial });
