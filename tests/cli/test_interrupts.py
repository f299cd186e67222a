"""Ctrl-C, as a real signal at a given look at the clock: exit code 130, and a sentence that says what is kept."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.clash import CLASH
from support.command_line import Run
from support.lanes import in_lanes

from tnt_sim import deadline
from tnt_sim.engine.run_folder.explanation_file import FILES

LIST = "dossier\nE-01\nE-03\nE-05\n"
VERBS = {
    "explain": ("explain", "RUN", "E-03", "E-24"),
    "explain --all": ("explain", "RUN", "--all"),
    "report": ("report", "RUN", "--out", "page.html", "--force"),
    "weights": ("weights", "scenario.yaml", "--criteria", "score,population"),
    "audit": ("audit", "scenario.yaml", "--selection", "liste.csv"),
    "conflict": ("conflict", "scenario.yaml", "--set", CLASH),
    "compare": ("compare", "scenario.yaml", "other.yaml"),
    "alternatives": ("alternatives", "scenario.yaml", "--count", "3"),
    "inversions": ("inversions", "RUN"),
}
NOTHING = {"fr": "Interrompu ; rien n'a été écrit.", "en": "Interrupted; nothing was written."}
KEPT = {"fr": "Le calcul a été interrompu après", "en": "The computation was interrupted after"}


class Pressing:
    """A clock at whose n-th reading Ctrl-C is pressed; without n it counts."""

    def __init__(self, n: int | None = None) -> None:
        self.readings, self.n = 0, n

    def __call__(self) -> float:
        self.readings += 1
        if self.readings == self.n:
            os.kill(os.getpid(), signal.SIGINT)
        return self.readings * 1e-6


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """What begins the tests in the background has them ignore Ctrl-C: here it is heard all the same."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def asked(tnt: Run, demo: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str, int]]:
    """Ask a verb with Ctrl-C at the n-th reading: code, stdout, stderr, and readings in all."""
    run = tnt("run", "scenario.yaml", "--json").document["run_dir"]
    (demo / "liste.csv").write_text(LIST, encoding="utf-8")
    (demo / "other.yaml").write_text("extends: scenario.yaml\nprogramme: {amount: 1.3 M€}\n", "utf-8")

    def ask(verb: str, n: int | None, *words: str) -> tuple[int, str, str, int]:
        for name in FILES:  # an explanation that is kept would be read at once
            (demo / run / name).unlink(missing_ok=True)
        clock = Pressing(n)
        monkeypatch.setattr(deadline, "monotonic", clock)
        said = tnt(*(run if word == "RUN" else word for word in VERBS[verb]), *words)
        return said.code, said.out, said.err, clock.readings

    return ask


SOON = ("audit", "conflict", "compare", "inversions")
"""Verbs that answer soon; the others are interrupted with `--slow`."""


@pytest.mark.parametrize("verb", in_lanes(VERBS, *SOON))
def test_ctrl_c_is_130_and_says_what_is_kept(
    verb: str, asked: Callable[..., tuple[int, str, str, int]]
) -> None:
    """Each verb in one language, the next one in the other."""
    lang = ("fr", "en")[list(VERBS).index(verb) % 2]
    code, _, err, readings = asked(verb, None, "--lang", lang)
    assert code in (0, 4), err
    assert readings > 4
    for part in (0.1, 0.5, 0.9):
        code, out, err, _ = asked(verb, max(2, int(part * readings)), "--lang", lang)
        told = out + err
        assert code == 130, (part, told[-300:])
        assert (NOTHING[lang] in err) != (KEPT[lang] in told), (part, told[-300:])
