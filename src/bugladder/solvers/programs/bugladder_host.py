"""Runs a foreign program inside a sandbox and carries its connections from 127.0.0.1 to the driver's Unix socket.

Its standard input is one JSON object: argv, env, port, socket, timeout_s, clock. It ends with the program's exit code;
at the program's time-out, less what the driver excuses, or once the driver's door is shut, it ends itself, and the
sandbox ends the program. Standard library only.
"""

import json
import os
import select
import socket
import subprocess
import sys
import threading
import time

BLOCK = 1 << 16
POLL_S = 0.1
# What a program is left after its last question was turned away.
GRACE_S = 1.0
TIMED_OUT, DOOR_SHUT, NOT_STARTED = 124, 75, 127


class Forwarder:
    """Connections of the program, each carried on by a thread; is_shut once the driver took one no more."""

    def __init__(self, port, path):
        self.path = path
        self.is_shut = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", port), backlog=64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.carry, args=(client,), daemon=True).start()

    def carry(self, client):
        with client:
            try:
                driver = connected(self.path)
            except OSError:
                self.is_shut.set()
                return
            with driver:
                pipe(client, driver)


def connected(path):
    driver = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        driver.connect(path)
    except OSError:
        driver.close()
        raise
    return driver


def pipe(client, driver):
    """Both ways, until either side is done."""
    other = {client: driver, driver: client}
    while True:
        for end in select.select([client, driver], [], [])[0]:
            try:
                block = end.recv(BLOCK)
                if not block:
                    return
                other[end].sendall(block)
            except OSError:
                return


def excused_s(path, clock):
    """What the driver says that the program only waited; nothing where it says nothing."""
    request = f"GET {clock} HTTP/1.1\r\nHost: driver\r\nConnection: close\r\n\r\n"
    try:
        with connected(path) as driver:
            driver.settimeout(10)
            driver.sendall(request.encode())
            answer = b"".join(iter(lambda: driver.recv(BLOCK), b""))
        return float(json.loads(answer.partition(b"\r\n\r\n")[2])["excused_s"])
    except (OSError, ValueError, KeyError):
        return 0.0


def wait(program, forwarder, order):
    """The exit code to end with."""
    deadline, excused, shut_at = time.monotonic() + order["timeout_s"], 0.0, None
    while True:
        try:
            code = program.wait(POLL_S)
            return code if code >= 0 else 128 - code
        except subprocess.TimeoutExpired:
            pass
        now = time.monotonic()
        if forwarder.is_shut.is_set():
            shut_at = shut_at or now
            if now > shut_at + GRACE_S:
                return DOOR_SHUT
        if now > deadline:
            more = excused_s(order["socket"], order["clock"])
            if more <= excused:
                return TIMED_OUT
            deadline, excused = deadline + more - excused, more


def main():
    order = json.load(sys.stdin)
    forwarder = Forwarder(order["port"], order["socket"])
    try:
        program = subprocess.Popen(order["argv"], env={**os.environ, **order["env"]}, stdin=subprocess.DEVNULL)
    except OSError as error:
        sys.stderr.write(f"{order['argv'][0]}: {error.strerror}\n")
        return NOT_STARTED
    return wait(program, forwarder, order)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # threads that still carry something are not waited for
    os._exit(code)
