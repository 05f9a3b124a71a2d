// A peer for the Go tests: one connection of the npm package ws.
//
//   node main.mjs server <mode> [subprotocol ...]
//   node main.mjs client <mode> <url> <origin> [subprotocol ...]
//
// mode is "messages" or "stream"; an empty origin sends none. What happens is
// told as JSON lines on stdout, what to do is taken as JSON lines from stdin.

import { WebSocket, WebSocketServer } from 'ws';

import { obey, say } from './lines.mjs';
import * as messages from './messages.mjs';
import * as stream from './stream.mjs';

const modes = { messages, stream };

function serve(mode, subprotocols, done) {
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    handleProtocols: (offered) => subprotocols.find((name) => offered.has(name)) ?? false,
  });
  server.on('listening', () => say('listening', { port: server.address().port }));
  server.on('connection', (ws) => {
    server.close(); // to others: this connection goes on
    done(start(mode, ws));
  });
}

function dial(mode, url, origin, subprotocols, done) {
  const ws = new WebSocket(url, subprotocols, origin ? { origin } : {});
  ws.on('unexpected-response', (request, response) => {
    say('refused', { status: response.statusCode });
    request.destroy();
  });
  ws.on('open', () => done(start(mode, ws)));
  ws.on('error', (err) => say('error', { message: err.message }));
}

// start returns the commands of the mode.
function start(mode, ws) {
  ws.on('close', (code, reason) => say('close', { code, reason: reason.toString() }));
  const commands = modes[mode].attach(ws);
  say('open', { subprotocol: ws.protocol });
  return commands;
}

const [role, mode, ...rest] = process.argv.slice(2);
const commands = new Promise((done) => {
  if (role === 'server') {
    serve(mode, rest, done);
  } else {
    const [url, origin, ...subprotocols] = rest;
    dial(mode, url, origin, subprotocols, done);
  }
});
obey(commands);
