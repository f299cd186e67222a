"""Mutants between runs: which are drawn, what each came to, which change nothing that a test could see."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

REFUSED, SURVIVED, OUT_OF_TIME = "refused", "survived", "out of time"
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.txt")


class Named(Protocol):
    """What is asked of a mutant here: `key` says the change without line numbers, `version` the module."""

    @property
    def key(self) -> str: ...

    @property
    def version(self) -> str: ...


def digest(*texts: str) -> str:
    """Sixteen hexadecimal digits of some texts."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def drawn[M: Named](mutants: Iterable[M], number: int | None, seed: int) -> list[M]:
    """So many of them by the digest of seed and key: code that changes elsewhere leaves the draw as it was."""
    ordered = sorted(mutants, key=lambda mutant: digest(str(seed), mutant.key))
    return ordered[:number]


def equivalent() -> dict[str, str]:
    """The keys of the mutants that are left out, each with its reason, from lines `key  # reason`."""
    lines = EQUIVALENT.read_text(encoding="utf-8").splitlines() if EQUIVALENT.is_file() else []
    pairs = [re.split(r"\s{2,}# ", line, maxsplit=1) for line in lines if line and not line.startswith("#")]
    without = [key for key, *reason in pairs if not reason or not reason[0].strip()]
    if without:
        raise SystemExit(f"no reason is given for {without}")
    return {pair[0]: pair[1] for pair in pairs}


@dataclass
class Results:
    """One line of JSON for each mutant that was tried; a run that is stopped goes on from there."""

    file: Path
    ends: dict[tuple[str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.file.is_file():
            for line in self.file.read_text(encoding="utf-8").splitlines():
                one = json.loads(line)
                self.ends[one["key"], one["version"]] = one["end"]

    def end_of(self, mutant: Named) -> str | None:
        """What it came to in the code as it is, None if it was not tried."""
        return self.ends.get((mutant.key, mutant.version))

    def add(self, mutant: Named, end: str, **more: object) -> None:
        """Keep what a mutant came to."""
        self.ends[mutant.key, mutant.version] = end
        self.file.parent.mkdir(parents=True, exist_ok=True)
        told = {"key": mutant.key, "version": mutant.version, "end": end, **more}
        with self.file.open("a", encoding="utf-8") as out:
            out.write(json.dumps(told, ensure_ascii=False) + "\n")

    def score(self, mutants: Sequence[Named], without: Iterable[str]) -> str:
        """The figures; what ran out of time is no refusal."""
        counted = [mutant for mutant in mutants if mutant.key not in set(without)]
        ends = Counter(self.end_of(mutant) for mutant in counted)
        tried = len(counted) - ends[None]
        share = f"{ends[REFUSED] / tried:.1%}" if tried else "–"
        return (
            f"{ends[REFUSED]} of {tried} refused, {share}; {ends[SURVIVED]} survived, {ends[OUT_OF_TIME]} out of "
            f"time; {len(mutants) - len(counted)} equivalent left out; {ends[None]} not tried"
        )
