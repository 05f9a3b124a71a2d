// A peer that sends messages as it is told and tells of those it receives, or
// sends them back.

export function attach(ws, say) {
  let echoing = false;
  ws.on('message', (data, binary) => {
    if (echoing) {
      ws.pause(); // until this one is gone
      ws.send(data, { binary }, () => ws.resume());
    } else {
      say('message', { binary, data: data.toString('base64') });
    }
  });
  ws.on('pong', (data) => say('pong', { data: data.toString('base64') }));
  ws.on('error', (err) => say('error', { message: err.message }));
  return {
    send: ({ data, binary = false, fin = false, plain = false }) =>
      ws.send(bytes(data), { binary, fin, compress: !plain }),
    echo: () => {
      echoing = true;
      say('echoing');
    },
    ping: ({ data }) => ws.ping(bytes(data)),
    close: ({ code, reason }) => ws.close(code, reason), // without a code: 1005
    terminate: () => ws.terminate(),
  };
}

function bytes(base64) {
  return Buffer.from(base64 ?? '', 'base64');
}
