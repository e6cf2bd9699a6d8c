"""Runs the emulator for as long as the program that started it lives.

Started as the leader of a process group of its own, so that the emulator's Lambda workers are in that group too.
Standard input is a pipe from the program. When it closes, because the program ended or was killed, the whole group
ends. The line `detach` on it says that the stack is to stay; then only `muster down` ends it.

Its first argument is a file, which is locked for as long as this process lives. So anyone can tell whether the stack
runs, and whether a process id written down earlier is still this process, by trying the lock. The second is a
directory that is removed when the program was killed. The others are the ports to listen on, for HTTP and for MQTT; 0
is any that is free.

Standard output is a pipe to the program, for one line: the ports, or which of them is in use. The ports are taken here,
before anything else, and kept. Chosen by the program and let go of, they could be taken by another emulator that starts
at the same time.
"""

import asyncio
import contextlib
import errno
import fcntl
import json
import os
import resource
import shutil
import signal
import socket
import sys
import threading

DETACH = b"detach\n"
LOOPBACK = "127.0.0.1"


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


def tell_starter(report: dict) -> None:
    # Once the program has ended, it is for watch_starter to end this, with what there is to remove.
    with contextlib.suppress(BrokenPipeError):
        print(json.dumps(report))
    os.dup2(2, 1)  # closes the pipe; what the emulator prints goes to the log


def listen(port: int, option: str) -> socket.socket:
    try:
        return socket.create_server((LOOPBACK, port))
    except OSError as error:
        if error.errno != errno.EADDRINUSE or port == 0:
            raise
        tell_starter({"inUse": {"port": port, "option": option}})
        sys.exit(1)


def hand_over(mqtt: socket.socket) -> None:
    """Has the emulator listen for MQTT on this socket, where it would open one of its own, on every interface.

    What else it would open on every interface stays on the loopback interface, too.
    """
    create_server = asyncio.BaseEventLoop.create_server
    mqtt_port = mqtt.getsockname()[1]

    async def create_loopback_server(self, protocol_factory, host=None, port=None, **kwargs):
        if port == mqtt_port:
            # A copy, since the emulator closes it and asks for it again when it is reset.
            return await create_server(self, protocol_factory, sock=mqtt.dup(), **kwargs)
        host = LOOPBACK if host == "0.0.0.0" else host
        return await create_server(self, protocol_factory, host, port, **kwargs)

    asyncio.BaseEventLoop.create_server = create_loopback_server


def serve(gateway: socket.socket) -> None:
    """Does what the emulator's own `main` does, which takes no socket, but a port that nobody listens on yet."""
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.app import app

    # For bursts of connections. macOS may refuse what it says is allowed.
    with contextlib.suppress(OSError, ValueError):
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    config = Config()
    config.bind = [f"fd://{gateway.detach()}"]
    config.keep_alive_timeout = 75
    asyncio.run(serve(app, config))


def main() -> None:
    if os.getpgrp() != os.getpid():
        sys.exit("local/emulator.py is started by `muster up`, as the leader of its own process group")
    alive, leavings, port, mqtt_port = sys.argv[1:]
    lock = open(alive, "w")  # held open, and so locked, until this process ends
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    threading.Thread(target=watch_starter, args=(leavings,), daemon=True).start()

    gateway = listen(int(port), "--port")
    mqtt = listen(int(mqtt_port), "--mqtt-port")
    ports = {"gateway": gateway.getsockname()[1], "mqtt": mqtt.getsockname()[1]}
    tell_starter({"listening": ports})
    os.environ["GATEWAY_PORT"] = str(ports["gateway"])
    os.environ["IOT_MTLS_PORT"] = str(ports["mqtt"])
    # The functions inherit it, and so call the emulator.
    os.environ["AWS_ENDPOINT_URL"] = f"http://{LOOPBACK}:{ports['gateway']}"
    hand_over(mqtt)

    # Python is started isolated, which leaves this file's own directory out.
    sys.dont_write_bytecode = True  # which would go beside it, into the checkout
    sys.path.append(os.path.dirname(os.path.abspath(__file__)))
    import certificates_from_requests
    import expression_time
    import just_in_time_provisioning
    import named_shadows
    import role_aliases

    certificates_from_requests.install()
    expression_time.install()
    just_in_time_provisioning.install()
    named_shadows.install()
    role_aliases.install()

    try:
        serve(gateway)
    finally:
        # Whatever ended the emulator, its workers end with it.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(0, signal.SIGTERM)


main()
