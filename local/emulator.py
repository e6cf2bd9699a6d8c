"""Runs the emulator for as long as the program that started it lives.

Started as the leader of a process group of its own, so that the emulator's Lambda workers are in that group too.
Standard input is a pipe from the program. When it closes, because the program ended or was killed, the whole group
ends. The line `detach` on it says that the stack is to stay; then only `muster down` ends it.

Its first argument is a file, which is locked for as long as this process lives. So anyone can tell whether the stack
runs, and whether a process id written down earlier is still this process, by trying the lock. The second is a
directory that is removed when the program was killed.
"""

import asyncio
import fcntl
import os
import shutil
import signal
import sys
import threading

DETACH = b"detach\n"


def watch_starter(leavings: str) -> None:
    """Waits for the starter's end, or for leave to outlive it."""
    received = b""
    # os.read rather than sys.stdin: a thread that waits in sys.stdin holds a lock that Python wants when it exits.
    while part := os.read(0, 64):
        received += part
        if DETACH in received:
            return
    shutil.rmtree(leavings, ignore_errors=True)
    # At once: the emulator keeps nothing that would have to be saved.
    os.killpg(0, signal.SIGKILL)


def stay_on_loopback() -> None:
    """Keeps the MQTT listener, which the emulator opens on every interface, to the one that BIND_HOST names."""
    create_server = asyncio.BaseEventLoop.create_server

    async def create_loopback_server(self, protocol_factory, host=None, *args, **kwargs):
        host = os.environ["BIND_HOST"] if host == "0.0.0.0" else host
        return await create_server(self, protocol_factory, host, *args, **kwargs)

    asyncio.BaseEventLoop.create_server = create_loopback_server


def main() -> None:
    if os.getpgrp() != os.getpid():
        sys.exit("local/emulator.py is started by `muster up`, as the leader of its own process group")
    alive, leavings = sys.argv[1:]
    lock = open(alive, "w")  # held open, and so locked, until this process ends
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    threading.Thread(target=watch_starter, args=(leavings,), daemon=True).start()
    stay_on_loopback()

    from ministack.app import main as run_emulator

    # Python is started isolated, which leaves this file's own directory out.
    sys.dont_write_bytecode = True  # which would go beside it, into the checkout
    sys.path.append(os.path.dirname(os.path.abspath(__file__)))
    import certificates_from_requests
    import just_in_time_provisioning
    import named_shadows
    import role_aliases

    certificates_from_requests.install()
    just_in_time_provisioning.install()
    named_shadows.install()
    role_aliases.install()

    sys.argv = ["ministack"]
    try:
        run_emulator()
    finally:
        # Whatever ended the emulator, its workers end with it.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(0, signal.SIGTERM)


main()
