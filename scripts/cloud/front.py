"""One address for several services, by the first part of the path; HTTP and HTTPS.

usage: front.py PORT CERTIFICATE KEY PREFIX=BACKEND_PORT...     (HTTPS is at PORT + 1)

A connection carries one request, so that nothing has to be understood but its head.
"""
import asyncio
import ssl
import sys

port, certificate, key = int(sys.argv[1]), sys.argv[2], sys.argv[3]
routes = dict(arg.split('=') for arg in sys.argv[4:])
tasks = set()                     # asyncio itself holds tasks weakly


async def pump(reader, writer):
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    except (OSError, ssl.SSLError):
        pass


async def client(reader, writer):
    tasks.add(asyncio.current_task())
    try:
        head = await reader.readuntil(b'\r\n\r\n')
        lines = head[:-4].split(b'\r\n')
        path = lines[0].split(b' ')[1].decode('latin-1')
        backend = routes.get('/' + path.lstrip('/').split('/')[0].split('?')[0])
        if not backend:
            writer.write(b'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
            return
        lines = [line for line in lines if not line.lower().startswith(b'connection:')]
        scheme = b'https' if writer.get_extra_info('ssl_object') else b'http'
        lines += [b'X-Forwarded-Proto: ' + scheme, b'Connection: close']
        from_backend, to_backend = await asyncio.open_connection('127.0.0.1', int(backend))
        to_backend.write(b'\r\n'.join(lines) + b'\r\n\r\n')
        upload = asyncio.ensure_future(pump(reader, to_backend))
        await pump(from_backend, writer)
        upload.cancel()
        to_backend.close()
    except (OSError, EOFError):
        pass
    finally:
        tasks.discard(asyncio.current_task())
        writer.close()


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    plain = await asyncio.start_server(client, '127.0.0.1', port, limit=1 << 18)
    secure = await asyncio.start_server(client, '127.0.0.1', port + 1, limit=1 << 18, ssl=context)
    async with plain, secure:
        await asyncio.gather(plain.serve_forever(), secure.serve_forever())

asyncio.run(main())
