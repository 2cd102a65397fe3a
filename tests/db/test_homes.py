"""Whether a process is alive is asked while it ends."""

import subprocess
from concurrent.futures import ThreadPoolExecutor

from tests.db.homes import is_alive


def test_a_process_that_ends_while_it_is_looked_at_is_just_not_alive() -> None:
    with ThreadPoolExecutor(1) as parent:
        for _ in range(100):  # one in five ends within a look
            process = subprocess.Popen(["/bin/true"])
            ended = parent.submit(process.wait)
            while not ended.done():
                is_alive(process.pid)

            assert not is_alive(process.pid)
