"""A backend of another package is a backend like any other: listed, tested by the same suite, refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.example_package import check_refusal, run_python, write_example
from support.paths import ROOT
from support.tiny_scenario import tiny

from tnt_sim.solve.backends import registry


def test_the_suite_of_backends_runs_over_it(tmp_path: Path) -> None:
    write_example(tmp_path)
    suite = str(ROOT / "tests/solve/backends/test_backends.py")
    words = ["-m", "pytest", "-n", "0", "-p", "no:cacheprovider", "-k", "twice or names", suite]
    done = run_python(tmp_path, words, ROOT)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count(".") > 20, "one dot for each test"


def test_a_scenario_is_solved_with_it(tmp_path: Path) -> None:
    write_example(tmp_path)
    tiny(tmp_path)
    documents = []
    for name in ("twice", "highs"):
        words = ["-m", "tnt_sim", "run", "tiny.yaml", "--backend", name, "--method", "direct", "--json"]
        done = run_python(tmp_path, words)
        assert done.returncode == 0, done.stderr
        documents.append(json.loads(done.stdout))
    ours, theirs = documents
    assert ours["status"] == "optimal"
    for key in ("objective", "allocation_sha256", "canonical", "method"):
        assert ours[key] == theirs[key]
    listed = run_python(tmp_path, ["-m", "tnt_sim", "doctor", "--json"])
    assert '"twice"' in listed.stdout


BROKEN = """
class Silent:
    name = "mine"
    def solve(self, model, **options): ...
class Failing:
    def __init__(self): raise OSError("no licence")
"""


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("highs", "broken_backend:Silent", '"highs" is a name of tnt_sim already'),
        ("twice", "broken_backend:Silent", '"twice" is a name of tnt-sim-example already'),
        ("pulp:MINE", "broken_backend:Silent", '"pulp:" is reserved for PuLP'),
        ("mine", "broken_backend:Silent", "is no `Backend` object, it lacks: capabilities"),
        ("mine", "broken_backend:Failing", "its import fails (OSError('no licence'))"),
        ("mine", "broken_backend:Missing", "its import fails (AttributeError"),
        ("other", "tnt_sim_example.twice:TwiceBackend", 'its object is named "twice"'),
    ],
)
def test_a_package_that_cannot_be_used_is_refused_by_name(
    name: str, value: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "find_backends", registry.find_backends.__wrapped__)
    check_refusal(
        lambda: registry.get_backend(name), (registry.GROUP, name, value), why, tmp_path, monkeypatch,
        {"broken_backend": BROKEN},
    )  # fmt: skip
