"""The planner's page as its command serves it, for tests in a browser."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE_SECONDS = 60


@contextmanager
def open_planner_server(*words: str | Path, folder: Path | None = None) -> Iterator[str]:
    """Start `tnt-sim app` and yield the address of the page; at the end the server stops without a failure.

    `words` are the scenario, if there is one, and options; `folder` is where the command is typed.
    """
    command = [sys.executable, "-m", "tnt_sim", "app", *map(str, words), "--no-browser"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=folder)
    watch = threading.Timer(PATIENCE_SECONDS, process.kill)
    watch.start()
    assert process.stderr is not None
    lines: list[str] = []
    for line in process.stderr:
        lines.append(line)
        if "http://" in line:
            break
    watch.cancel()
    found = re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", "".join(lines))
    assert found is not None, lines
    try:
        yield found[0]
    finally:
        process.send_signal(signal.SIGINT)
        process.stderr.read()
        process.stderr.close()
        assert process.wait(timeout=30) == 0
