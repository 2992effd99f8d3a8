"""Moves one command's input and output, bounded, until its process has ended."""

import os
import select

from wire import CONTROL, SessionEndedError

BLOCK = 1 << 16


class Pump:
    """Moves one command's input and output, bounded, until its process has ended."""

    def __init__(self, pid, pipes, stdin, limit):
        self.pid, self.stdin, self.limit = pid, memoryview(stdin), limit
        self.in_fd, self.out_fd, self.err_fd = pipes
        self.kept = {self.out_fd: [], self.err_fd: []}
        self.room = {self.out_fd: limit, self.err_fd: limit}
        self.truncated = False
        self.poll = select.poll()
        self.pid_fd = os.pidfd_open(pid)
        self.poll.register(self.pid_fd, select.POLLIN)
        self.poll.register(CONTROL, 0)
        for fd in pipes:
            os.set_blocking(fd, False)
        self.poll.register(self.out_fd, select.POLLIN)
        self.poll.register(self.err_fd, select.POLLIN)
        self.open = {self.out_fd, self.err_fd}
        if self.stdin:
            self.open.add(self.in_fd)
            self.poll.register(self.in_fd, select.POLLOUT)
        else:
            os.close(self.in_fd)

    def step(self, wait_s):
        """Move what is there; True once the process has ended."""
        ended = False
        for fd, _ in self.poll.poll(wait_s * 1000):
            if fd == CONTROL:
                raise SessionEndedError
            if fd == self.pid_fd:
                ended = True
            elif fd == self.in_fd:
                self.feed()
            else:
                self.take(fd)
        return ended

    def feed(self):
        try:
            self.stdin = self.stdin[os.write(self.in_fd, self.stdin[:BLOCK]) :]
        except BlockingIOError:
            return
        except OSError:
            self.stdin = self.stdin[:0]
        if not self.stdin:
            self.drop(self.in_fd)

    def take(self, fd):
        """Read one block; False when there is nothing more for now."""
        try:
            block = os.read(fd, BLOCK)
        except BlockingIOError:
            return False
        if not block:
            self.drop(fd)
            return False
        self.truncated |= len(block) > self.room[fd]
        block = block[: self.room[fd]]
        self.room[fd] -= len(block)
        self.kept[fd].append(block)
        return True

    def drop(self, fd):
        self.poll.unregister(fd)
        self.open.discard(fd)
        os.close(fd)

    def finish(self):
        for fd in (self.out_fd, self.err_fd):
            while fd in self.open and self.take(fd):
                pass
        for fd in list(self.open):
            self.drop(fd)
        os.close(self.pid_fd)
        return b"".join(self.kept[self.out_fd]), b"".join(self.kept[self.err_fd])
