"""How much is drawn: the default lane draws a part of each family, `--slow` the whole of it.

Pytest knows what is left to the slow lane: members of a family beyond the first ones carry the mark `slow`, and a
test that draws fewer examples carries the mark `drawn`, so that `--skipped-to` names both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from _pytest.mark import ParameterSet
from hypothesis import HealthCheck, settings

from support.paths import TESTS

QUICK = (
    "kernel", "domain", "formulation",
    *(f"certify/test_{name}.py" for name in (
        "block_bound", "block_bound_of_amounts", "boundaries", "certificate", "choice_blocks",
        "decomposition_and_caps", "first_of_equals", "long_trees", "row_sum_bound", "rule_rows_deadline",
    )),
    *(f"verify/test_{name}.py" for name in (
        "added_dossier", "claims", "confirmation_notes", "largest_quotients",
    )),
    "rules/envelopes", "rules/kind_support", "rules/kinds/test_completeness.py", "rules/kinds/test_waivers.py",
    "scenario/yaml",
    *(f"scenario/test_{name}.py" for name in (
        "bounds_that_clash", "commitments", "contradictions", "envelope_split", "unreachable_floors",
    )),
)  # fmt: skip
"""The rooms and files of `pytest -m quick`: kernels, proofs, checks, rules, scenarios and money."""

SHARE = 4
"""The default lane takes one member in so many of a family that a loop walks."""

DRAWS = 10
"""The default lane draws one example in so many."""

SLOW_DRAWS = 8
"""The slow lane draws one in so many: tens of thousands are drawn by hand (`benchmarks/brute.py`, `oracle.py`)."""

IN_CI = 3
"""`.ci/run` takes one in so many of what is drawn beyond the default lane; all of it runs by hand."""

FEWEST = 10
"""It draws no fewer than these, where the test has as many."""


class Lane:
    """Which lane runs, by hand or in `.ci/run`; `tests/conftest.py` says so before anything is collected."""

    slow = False
    in_ci = False

    @classmethod
    def is_whole(cls) -> bool:
        """Whether all is drawn: by hand alone, with `--slow`; counts of what was met grow with it."""
        return cls.slow and not cls.in_ci


def choose_profile(*, slow: bool, in_ci: bool) -> str:
    """Examples are drawn anew in the slow lane by hand alone; in all others and in `.ci/run` they are the same."""
    return "anew" if slow and not in_ci else "same"


@cache
def is_quick(path: Path) -> bool:
    """Whether a file of tests belongs to `pytest -m quick`."""
    return any((TESTS / name) in (path, *path.parents) for name in QUICK)


def choose_diagonal(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Of tests marked `crossed` those whose members stand at places with an even sum; all others."""
    known: dict[tuple[str, str], list[object]] = {}

    def find_place(item: pytest.Item, name: str, member: object) -> int:
        family = known.setdefault((item.nodeid.partition("[")[0], name), [])
        if member not in family:
            family.append(member)
        return family.index(member)

    return [
        item
        for item in items
        if "crossed" not in item.keywords
        or sum(find_place(item, *param) for param in item.callspec.params.items()) % 2 == 0  # type: ignore[attr-defined]
    ]


def drawn(examples: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Draw a share of so many examples: a larger one with `--slow`."""
    part = examples // (_choose_step(SLOW_DRAWS) if Lane.slow else DRAWS)
    most = settings(
        max_examples=max(part, min(examples, FEWEST)),
        deadline=None, suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    return lambda test: pytest.mark.drawn(most(test))


def share(number: int) -> int:
    """So many with `--slow`, a part otherwise; the test that asks carries the mark `drawn`."""
    return number // _choose_step() if Lane.slow else number // SHARE


def stride(of: int) -> int:
    """One step with `--slow`, so many otherwise; the test that asks carries the mark `drawn`."""
    return min(_choose_step(), of) if Lane.slow else of


def first_of[T](members: Sequence[T], number: int) -> Sequence[T]:
    """All members with `--slow`, the first ones otherwise; the test that asks carries the mark `drawn`."""
    return members[: max(number, len(members) // _choose_step())] if Lane.slow else members[:number]


def in_lanes(names: Iterable[str], *always: str) -> list[Any]:
    """The members of a family by name: those that are named here always run, the others with `--slow`."""
    return [name if name in always else _later(name) for name in names]


def seeds[T](numbers: Sequence[T], first: int) -> list[Any]:
    """The members of a family: the first ones always run, the others with `--slow`; of drawn ones `.ci/run` takes
    one in `IN_CI`.
    """
    step = _choose_step() if isinstance(numbers, range) else 1
    return [*numbers[:first], *map(_later, numbers[first::step])]


def _choose_step(least: int = 1) -> int:
    """One in so many of what the slow lane draws: fewer in `.ci/run`."""
    return least * IN_CI if Lane.in_ci else least


def _later(member: Any) -> Any:
    """A member of a family, or what `pytest.param` made of one, for `--slow`."""
    made = member if isinstance(member, ParameterSet) else pytest.param(*_values(member))
    return pytest.param(*made.values, marks=[*made.marks, pytest.mark.slow], id=made.id)


def _values(member: Any) -> tuple[Any, ...]:
    return member if isinstance(member, tuple) else (member,)
