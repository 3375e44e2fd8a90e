"""Clients that are there in numbers and do little, for bench/http_front.py. Their load is on processor 1."""

import os
import resource
import select
import socket
import threading
import time


def allow_descriptors(count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        raise RuntimeError(f"{count} descriptors are needed, and {hard} allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))


class Crowd:
    """`count` connections to a loopback port, each after it has sent `first`."""

    def __init__(self, port, count, first):
        allow_descriptors(count + 200)
        self.began = time.monotonic()
        self.sockets = []
        for _ in range(count):
            client = socket.create_connection(("127.0.0.1", port), timeout=10)
            client.sendall(first)
            self.sockets.append(client)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for client in self.sockets:
            client.close()


class Idle(Crowd):
    """Each has been answered once and says no more."""

    def __init__(self, port, count):
        super().__init__(port, count, b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        for client in self.sockets:
            if not client.recv(4096).startswith(b"HTTP/1.1 200"):
                raise RuntimeError("a connection of the crowd was refused")


class Dripping(Crowd):
    """Each sends its head a byte a second, until it is closed."""

    def __init__(self, port, count):
        super().__init__(port, count, b"G")
        self.open = {client.fileno(): client for client in self.sockets}
        self.last_closed = self.began
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.drip)
        self.thread.start()

    def drip(self):
        os.sched_setaffinity(0, {1})
        poll = select.poll()
        for client in self.sockets:
            client.setblocking(False)
            poll.register(client, select.POLLIN)
        beat = 0
        while self.open and not self.ending.is_set():
            self.take_closed(poll)
            if time.monotonic() - self.began < beat:
                continue
            beat += 1
            for client in list(self.open.values()):
                try:
                    client.send(b"E")
                except OSError:
                    pass  # seen as closed by the poll

    def take_closed(self, poll):
        for descriptor, _ in poll.poll(100):
            try:
                said = self.open[descriptor].recv(4096)
            except OSError:
                said = b""
            if said:
                continue
            poll.unregister(descriptor)
            del self.open[descriptor]
            self.last_closed = time.monotonic()

    def closed_after(self, patience):
        """Seconds from the first byte until the last was closed; infinite when some still were open after `patience`."""
        self.thread.join(max(0, self.began + patience - time.monotonic()))
        return float("inf") if self.open else self.last_closed - self.began

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()
        super().__exit__()
