"""Memory of worker processes: what one needs, what the machine has, and how many of them it holds."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import _
from tnt_sim.i18n.parameters import Count, Number
from tnt_sim.parallel import count_processors

PROCESS_BYTES = 300_000_000
"""Memory of a worker on a small scenario: the program, its libraries and one solve (docs/en/howto/scale.md)."""
DOSSIER_BYTES = 1_400
"""Further memory for each dossier, up to a million of them (docs/en/howto/scale.md)."""

_MEMINFO = Path("/proc/meminfo")
_LIMITS = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (
        Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
        Path("/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ),
)
"""Limit and use of the group of processes that this one is in, where the system has such groups."""


def estimate_worker_bytes(n_dossiers: int, further_bytes: int = 0) -> int:
    """Estimate the memory of a worker: 300 MB, 1.4 kB for each dossier, and what else it holds.

    >>> estimate_worker_bytes(1_000_000)
    1700000000
    """
    return PROCESS_BYTES + DOSSIER_BYTES * n_dossiers + further_bytes


def read_available_bytes() -> int | None:
    """Return the memory that new processes may take on this machine; None where the system does not say."""
    try:
        fields = dict(row.split(":", 1) for row in _MEMINFO.read_text().splitlines())
        free = [int(fields["MemAvailable"].split()[0]) * 1024]
    except (OSError, KeyError, ValueError):
        free = []
    for limit, used in _LIMITS:
        try:
            free.append(int(limit.read_text()) - int(used.read_text()))
        except (OSError, ValueError):  # no such group, or no limit ("max")
            continue
    return max(0, min(free)) if free else None


def choose_workers(requested: int | None, worker_bytes: int) -> int:
    """Return the number of workers: as requested, else one for each processor as far as memory holds them."""
    available = read_available_bytes()
    held = count_processors() if available is None else max(1, available // worker_bytes)
    if requested is None:
        return min(count_processors(), held)
    if available is not None and requested > held:
        raise UsageError(
            _(
                "{n} workers need {whole} GB of memory, {each} GB each, and {free} GB are free. "
                "Take --workers {most}, or machines with more memory.",
                n=Count(requested),
                whole=_round_gigabytes(requested * worker_bytes),
                each=_round_gigabytes(worker_bytes),
                free=_round_gigabytes(available),
                most=held,
            ),
            code="usage.workers",
        )
    return requested


def _round_gigabytes(n_bytes: int) -> Number:
    """Return gigabytes with one decimal."""
    return Number(Fraction(round(n_bytes / 10**8), 10))
