"""TCP connections as WebSockets of Python's websockets, with the subprotocol
that noVNC offers:

    python3 client.py client PORT URL

It prints a line when it listens. A failure on one side is a reset on the other
one.
"""

import asyncio
import socket
import struct
import sys

import websockets


async def send(reader, ws):
    while chunk := await reader.read(1 << 16):
        await ws.send(chunk)
    await ws.close()


async def receive(ws, writer):
    async for message in ws:  # it ends with the codes 1000 and 1001, others raise
        writer.write(message)
        await writer.drain()
    writer.write_eof()


async def join(reader, writer, url):
    try:
        async with websockets.connect(url, subprotocols=["binary"], max_size=None) as ws:
            await asyncio.gather(send(reader, ws), receive(ws, writer))
            if ws.subprotocol != "binary" or ws.close_code not in (1000, 1005):
                raise ConnectionError(f"{ws.subprotocol}, {ws.close_code}")
    except Exception:
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()
        raise
    writer.close()


async def main(port, url):
    server = await asyncio.start_server(lambda r, w: join(r, w, url), "127.0.0.1", port)
    print("listening", flush=True)
    await server.serve_forever()


asyncio.run(main(*sys.argv[2:]))
