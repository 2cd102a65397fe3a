"""A process that stands for a fork ends as the fork does, whatever comes at which moment."""

import signal
import socket
import subprocess
import sys
import tempfile

from tests import forks


def test_a_signal_that_comes_when_the_fork_has_just_ended_changes_nothing() -> None:
    gone = subprocess.Popen(["/bin/true"])
    gone.wait()
    with tempfile.TemporaryDirectory(prefix="forks-") as folder, socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{folder}/socket")
        server.listen()
        stand_in = subprocess.Popen(
            [sys.executable, "-I", "-S", forks.__file__, f"{folder}/socket", "monitoria"], stderr=subprocess.PIPE
        )
        connection, _ = server.accept()
        with connection:
            connection.recv(2**16)
            stand_in.send_signal(signal.SIGTERM)  # it waits until there is somebody to pass it on to
            for told in (gone.pid, 7):
                connection.sendall(told.to_bytes(forks.LENGTH, "big"))
            _, complaint = stand_in.communicate()

    assert (stand_in.returncode, complaint) == (7, b"")
