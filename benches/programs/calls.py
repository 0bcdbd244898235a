#!/usr/bin/env python3
"""A client and its server in one: asks COUNT times through the proxy of the environment, on one connection.

    benches/programs/calls.py PATH COUNT

In PATH, `{n}` is the number of the request, and `{id}` an id that no other request has.
"""

import base64
import os
import socket
import sys
import threading
import urllib.parse
import uuid

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def serve(listener):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=answer, args=(connection,), daemon=True).start()


def answer(connection):
    while connection.recv(65536):
        connection.sendall(ANSWER)


def main():
    path, count = sys.argv[1], int(sys.argv[2])
    listener = socket.create_server(("127.0.0.1", 0))
    server = "127.0.0.1:%d" % listener.getsockname()[1]
    threading.Thread(target=serve, args=(listener,), daemon=True).start()
    proxy = urllib.parse.urlsplit(os.environ["http_proxy"])
    credentials = base64.b64encode(f"{proxy.username}:{proxy.password}".encode()).decode()
    client = socket.create_connection((proxy.hostname, proxy.port))
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for number in range(count):
        url = f"http://{server}{path.format(n=number, id=uuid.UUID(int=number))}"
        head = f"GET {url} HTTP/1.1\r\nHost: {server}\r\nProxy-Authorization: Basic {credentials}\r\n\r\n"
        client.sendall(head.encode())
        received = b""
        while not received.endswith(ANSWER[-6:]):
            received += client.recv(65536)


main()
