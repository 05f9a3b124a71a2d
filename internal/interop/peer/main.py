"""A peer for the Go tests: connections of the Python package websockets.

What to do is taken as JSON lines from stdin, what happens is told as JSON lines
on stdout, as by main.mjs beside it. It keeps to what the package has had from
version 10 on.
"""

import asyncio
import base64
import codecs
import json
import os
import sys

import websockets
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory,
    ServerPerMessageDeflateFactory,
)


class Connection:
    """A connection from before it is made, with a queue of commands."""

    def __init__(self, number):
        self.number = number
        self.commands = asyncio.Queue()
        self.echoing = False
        self.message = None  # that is being sent in fragments

    def say(self, event, **details):
        line = json.dumps({"conn": self.number, "event": event, **details})
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    async def listen(self, subprotocols=None, compression=None):
        self.server = await websockets.serve(
            self.attach, "127.0.0.1", 0, subprotocols=subprotocols,
            extensions=deflate(ServerPerMessageDeflateFactory, compression),
        )
        self.say("listening", port=self.server.sockets[0].getsockname()[1])

    async def dial(self, url, subprotocols=None, compression=None):
        try:
            ws = await websockets.connect(
                url, subprotocols=subprotocols,
                extensions=deflate(ClientPerMessageDeflateFactory, compression),
            )
        except Exception as err:
            self.say("error", message=repr(err))
            return
        await self.attach(ws)

    async def attach(self, ws):
        """Serve the connection to its end."""
        self.ws = ws
        obeying = asyncio.create_task(self.obey())
        reply = ws.response_headers.get("Sec-WebSocket-Extensions", "")
        self.say("open", subprotocol=ws.subprotocol or "", extensions=reply)
        try:
            while True:
                await self.receive(await ws.recv())
        except websockets.ConnectionClosed as err:
            code, reason = 1006, ""
            if err.rcvd is not None:
                code, reason = err.rcvd.code, err.rcvd.reason
            self.say("close", code=code, reason=reason)
        await obeying

    async def receive(self, message):
        if self.echoing:
            await self.ws.send(message)
            return
        binary = isinstance(message, bytes)
        data = message if binary else message.encode()
        self.say("message", binary=binary, data=base64.b64encode(data).decode())

    async def obey(self):
        while True:
            name, args = await self.commands.get()
            if "data" in args:
                args["data"] = base64.b64decode(args["data"])
            await getattr(self, name)(**args)

    async def send(self, data=b"", binary=False, fin=False):
        if self.message is None and fin:
            await self.ws.send(data if binary else data.decode())
            return
        if self.message is None:
            self.message = Fragments(self.ws, binary)
        await self.message.add(data, fin)
        if fin:
            self.message = None

    async def echo(self):
        self.echoing = True
        self.say("echoing")

    async def ping(self, data=b""):
        waiter = await self.ws.ping(data)

        async def wait():
            await waiter
            self.say("pong", data=base64.b64encode(data).decode())

        self.pinging = asyncio.create_task(wait())

    async def close(self, code, reason=""):
        await self.ws.close(code, reason)

    async def terminate(self):
        self.ws.transport.abort()


def deflate(factory, compression):
    """Return the extensions for options; for none the package has a default."""
    if compression is None:
        return None
    names = {
        "serverNoContextTakeover": "server_no_context_takeover",
        "clientNoContextTakeover": "client_no_context_takeover",
        "serverMaxWindowBits": "server_max_window_bits",
        "clientMaxWindowBits": "client_max_window_bits",
    }
    return [factory(**{names[name]: value for name, value in compression.items()})]


class Fragments:
    """A message that the package takes from an iterator, frame by frame."""

    def __init__(self, ws, binary):
        self.decoder = codecs.getincrementaldecoder("utf-8")()
        self.binary = binary
        self.queue = asyncio.Queue()
        self.sending = asyncio.create_task(ws.send(self.parts()))

    async def add(self, data, fin):
        """Wait until the fragment is sent. A rune is sent in one fragment:
        those of a text are strings."""
        await self.queue.put(data if self.binary else self.decoder.decode(data, fin))
        await self.queue.join()
        if fin:
            await self.queue.put(None)
            await self.sending

    async def parts(self):
        while (part := await self.queue.get()) is not None:
            yield part
            self.queue.task_done()  # whoever asks for more has sent this one


async def main():
    lines = asyncio.StreamReader(limit=1 << 26)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
    )
    connections = {}
    tasks = set()
    while line := await lines.readline():
        args = json.loads(line)
        number, name = args.pop("conn"), args.pop("do")
        if name in ("listen", "dial"):
            connections[number] = Connection(number)
            tasks.add(asyncio.create_task(getattr(connections[number], name)(**args)))
        else:
            await connections[number].commands.put((name, args))
    os._exit(0)  # the test is over


os.environ["no_proxy"] = "127.0.0.1"  # newer versions look for a proxy
asyncio.run(main())
