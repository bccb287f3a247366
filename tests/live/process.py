"""A server as a child process on loopback: a port for it, its end, and the tail of its log.

What a particular server needs (settings, readiness, accounts) belongs in its own module.
"""

import ctypes
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

LOOPBACK = "127.0.0.1"

# Below the range Linux hands out to outgoing connections (32768 and up): a client that polls a
# server which is down can otherwise be given the server's own port and connect to itself.
_PORTS = range(20_000, 32_000)
_ATTEMPTS = 100
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def free_port() -> int:
    """Find a TCP port on loopback that nobody listens on at the moment.

    Raises:
        OSError: when none was found in a hundred attempts.
    """
    for _ in range(_ATTEMPTS):
        port = secrets.choice(_PORTS)  # not `random`, which test tools seed alike everywhere
        with socket.socket() as probe:
            # Servers set this too; without it a port that was closed a moment ago looks taken.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return port
    raise OSError("no free port on loopback")


def die_with_parent(last_signal: signal.Signals) -> Callable[[], None] | None:
    """Make a `preexec_fn` that asks the kernel to signal the child when its parent dies.

    The library is loaded here, before the fork: as little as possible should run after it.
    The kernel watches the thread that forked: start servers from the main thread.

    Returns:
        The function, or None where the kernel is not Linux.
    """
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(last_signal), 0, 0, 0)

    return ask


def end(process: subprocess.Popen[bytes], *, first: signal.Signals, patience: float) -> int:
    """Signal a child, wait for it, and kill it when it does not end by itself.

    Args:
        process: a child of ours, running or not.
        first: the signal that asks it to end.
        patience: seconds to wait before SIGKILL.

    Returns:
        Its exit status; negative when a signal ended it.
    """
    if process.poll() is None:
        process.send_signal(first)
        try:
            return process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


def log_tail(files: Iterable[Path], *, lines: int = 40) -> str:
    """Read the last lines of each log that exists, for an error that explains itself."""
    parts = []
    for file in files:
        if file.exists():
            tail = file.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
            parts.append("\n".join([f"--- {file.name}", *tail]))
    return "\n".join(parts)
