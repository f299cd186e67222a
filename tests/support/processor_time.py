"""What tests cost in processor time, children included: it does not depend on what else the machine does."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


def _seconds(*of: int) -> float:
    usages = [resource.getrusage(one) for one in of]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def spent() -> float:
    """Processor seconds of this process and of the children that it has waited for."""
    return _seconds(resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


class ProcessorTime:
    """A pytest plugin: the seconds of each test where it runs, summed over all workers where they are told."""

    def __init__(self, config: pytest.Config, file: Path | None) -> None:
        self.config, self.file = config, file
        self.tests: dict[str, float] = {}
        self.workers = 0.0

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        before = spent()
        try:
            return (yield)
        finally:
            self.tests[item.nodeid] = round(spent() - before, 3)

    def pytest_sessionfinish(self) -> None:
        if (output := getattr(self.config, "workeroutput", None)) is not None:
            output["processor_time"] = (spent(), self.tests)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        seconds, tests = node.workeroutput.get("processor_time", (0.0, {}))
        self.workers += seconds
        self.tests |= tests

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        own = _seconds(resource.RUSAGE_SELF) if self.workers else spent()
        terminalreporter.write_line(f"{own + self.workers:.0f} s of processor time, all workers together")
        if self.file is not None:
            dearest = sorted(self.tests.items(), key=lambda pair: -pair[1])
            lines = (f"{seconds:.3f} {name}\n" for name, seconds in dearest)
            self.file.write_text("".join(lines), encoding="utf-8")
