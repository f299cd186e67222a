"""The verifier shows what enumeration confirms and nothing else, alone in an empty folder."""

from __future__ import annotations

import ast
import copy
import json
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from support.lanes import seeds
from support.systems.plain import PlainCase, draw_plain_case

from tnt_sim.certify import verifier
from tnt_sim.certify.system import Rows, System
from tnt_sim.certify.verifier import check_claim
from tnt_sim.certify.verifier_rows import describe_system
from tnt_sim.prove.cap_prices import SCALE, find_prices

MOST_LINES = 400
"""Lines of code of the verifier, without its text, at most."""


def prove(case: PlainCase, target: int, times: int = 0) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the system that asks for a gain, and the proof by prices that no point reaches it."""
    record, goal = case.asking(target)
    multipliers = {goal: SCALE} if case.beside is None else {goal: SCALE, case.beside: times}
    proof, _ = find_prices(verifier.PlainSystem(record), multipliers, case.trees)
    if case.beside is not None and len(case.trees) == 1:
        proof["carried"] = case.beside
    return record, proof


@pytest.mark.parametrize("first", seeds(range(0, 1000, 100), 1))
def test_nothing_is_shown_that_enumeration_denies(first: int) -> None:
    shown = reached = 0
    for seed in range(first, first + 100):
        case, dice = draw_plain_case(seed), Random(seed)
        best = case.best()
        if best is None:
            continue
        for times in (0, SCALE // 3, SCALE):
            right, proof = prove(case, best + 1, times)
            shown += not verifier.check_claim(right, proof)
            wrong, forged = prove(case, best, times)
            assert verifier.check_claim(wrong, forged), seed
            for changed in (change_one_figure(proof, dice), change_one_figure(forged, dice)):
                reached += not verifier.check_claim(right, changed)
                assert verifier.check_claim(wrong, changed), (seed, changed)
    assert shown > 100
    assert reached > 50


def change_one_figure(proof: dict[str, Any], dice: Random) -> dict[str, Any]:
    """Return a proof with one price, bound, row or multiplier changed."""
    changed = copy.deepcopy(proof)
    nodes = [*changed["trees"]]
    for node in nodes:
        nodes += node.get("below", [])
    holders = [(node, key) for node in nodes for key in ("row", "price", "best") if key in node]
    holders += [(changed["multipliers"], key) for key in changed["multipliers"]]
    if "carried" in changed:
        holders.append((changed, "carried"))
    holder, key = dice.choice(holders)
    figure = holder[key]
    holder[key] = dice.choice(
        [0, 1, figure + 1, figure - 1, 2 * figure, figure // 2, -figure, figure + SCALE]
    )
    return changed


@pytest.mark.parametrize("seed", range(12))
def test_a_carried_row_shows_more_than_its_price_alone(seed: int) -> None:
    """Five columns under a cap, and beside them a row of about half their sum: its price alone leaves a gap."""
    dice = Random(seed)
    beside = [dice.randint(1, 9) for _ in range(5)]
    gain = [10 * value + dice.randint(0, 9) for value in beside]
    record = {"columns": {"low": [0] * 5, "high": [1] * 5}, "groups": [],
              "rows": [{"columns": [*range(5)], "values": [2] * 5, "upper": 6},
                       {"columns": [*range(5)], "values": beside, "upper": sum(beside) // 2}]}  # fmt: skip
    case = PlainCase(record, gain, [(0, [], False)], 1)
    best = case.best()
    assert best is not None
    shown, priced = prove(case, best + 1, 10 * SCALE)
    assert verifier.check_claim(shown, priced) == ""
    reached, priced = prove(case, best, 10 * SCALE)
    assert verifier.check_claim(reached, priced)


HOSTILE: list[Any] = [
    None, [], "proof", 7, {"trees": 5}, {"multipliers": [1]}, {"multipliers": {"x": 1}},
    {"multipliers": {"99": 1}},
    {"multipliers": {"0": -1}}, {"multipliers": {"0": 1 << 300}}, {"multipliers": {"0": 0.5}},
    {"multipliers": {"0": True}},
    {"trees": [{"row": 0}]}, {"trees": [{"row": 0, "price": -1}]}, {"trees": [{"row": 0, "price": 1}] * 2},
    {"trees": [{"row": 0, "price": 1, "best": -(1 << 190)}]}, {"trees": [{"row": 1 << 70, "price": 1}]},
    {"trees": [{"row": 0, "price": 1, "below": [{"row": 0, "price": 1, "may_exceed": True}]}]},
    {"split": {}, "parts": []}, {"split": {"columns": [0], "values": [1], "at": 0}, "parts": [{}]},
    {"split": {"columns": [99], "values": [1], "at": 0}, "parts": [{}, {}]}, {"carried": 0},
    {"blocks": [99]}, {"blocks": 3}, {"blocks": [0, 0]}, {"blocks": ["0"]}, {"blocks": [-1]},
]  # fmt: skip


@pytest.mark.parametrize("proof", HOSTILE, ids=str)
def test_a_hostile_certificate_is_a_sentence(proof: Any) -> None:
    case = draw_plain_case(3)
    best = case.best()
    assert best is not None
    record, _ = case.asking(best)
    assert verifier.check_claim(record, proof)


@pytest.mark.parametrize(("key", "value"), [
    ("columns", {"low": [0], "high": [1, 1]}), ("columns", None), ("groups", [{"columns": [0, 1], "must": 1}]),
    ("groups", [{"columns": [0], "must": False}, {"columns": [0], "must": False}]),
    ("rows", [{"columns": [0], "values": [1 << 201], "upper": 0}]),
    ("rows", [{"columns": [0, 0], "values": [1, 1], "upper": 0}]),
    ("rows", [{"columns": [77], "values": [1], "upper": 0}]), ("rows", None),
])  # fmt: skip
def test_rows_that_do_not_match_are_a_sentence(key: str, value: Any) -> None:
    record, _ = draw_plain_case(3).asking(1)
    assert verifier.check_claim({**record, key: value}, {"multipliers": {"0": 1}})


FORGED: dict[str, tuple[dict[str, Any], Any]] = {
    "one row under two names": (
        {"columns": {"low": [0], "high": [1]}, "groups": [],
         "rows": [{"columns": [0], "values": [1], "upper": 1}, {"columns": [0], "values": [-1], "upper": -1}]},
        {"multipliers": {"01": 5, "1": 1}, "carried": 1, "trees": [{"row": 0, "price": 0}]},
    ),
    "a column of one tree that pays in another": (
        {"columns": {"low": [0, 0], "high": [1, 5]}, "groups": [],
         "rows": [{"columns": [0, 1], "values": [1, -1], "upper": 0}, {"columns": [1], "values": [1], "upper": 5},
                  {"columns": [0], "values": [-1], "upper": -1}]},
        {"split": {"columns": [1], "values": [-1], "at": 0},
         "parts": [{"multipliers": {"2": 1}, "trees": [
             {"row": 0, "price": 1},
             {"row": 1, "price": 0, "below": [{"row": 3, "price": 0, "may_exceed": True}]}]}, {}]},
    ),
    "a column paid by a cap below the cap below": (
        {"columns": {"low": [0, 0], "high": [1, 1]}, "groups": [],
         "rows": [{"columns": [0, 1], "values": [1, -1], "upper": -1},
                  {"columns": [0, 1], "values": [-1, 1], "upper": 1},
                  {"columns": [1], "values": [-1], "upper": 0}]},
        {"trees": [{"row": 0, "price": 0, "best": -1, "below": [
            {"row": 1, "price": 0, "may_exceed": True, "below": [{"row": 2, "price": 0, "may_exceed": True}]}]}]},
    ),
    "a column paid by the caps of another tree": (
        {"columns": {"low": [0] * 4, "high": [3, 3, 9, 3]}, "groups": [],
         "rows": [{"columns": [1], "values": [1], "upper": 3}, {"columns": [0, 1], "values": [1, -1], "upper": 0},
                  {"columns": [2, 1], "values": [1, -5], "upper": 0},
                  {"columns": [3, 2], "values": [1, -1], "upper": 0},
                  {"columns": [3], "values": [-1], "upper": -2}]},
        {"multipliers": {"4": 1}, "trees": [
            {"row": 0, "price": 0, "below": [{"row": 1, "price": 0, "may_exceed": True}]},
            {"row": 2, "price": 1, "below": [{"row": 3, "price": 1, "may_exceed": True}]}]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_certificate_shows_nothing(name: str) -> None:
    """Each is of a form that a changed figure does not reach."""
    record, proof = FORGED[name]
    assert verifier.check_claim(record, proof)


BROKEN = {
    "empty": "", "a list": "[]", "a word": '"proofs"', "deep": "[" * 100_000, "no proofs": "{}",
    "a huge number": '{"proofs": [' + "9" * 5000 + "]}", "not text": "\x00", "no list": '{"proofs": 3}',
}  # fmt: skip
BROKEN_CLAIMS: list[Any] = [
    [],
    {},
    [{}],
    [{"says": "x"}],
    [{"rows": []}],
    [3],
    None,
    [{"says": 3, "rows": 4}],
]


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("name", ["rows", "certificate"])
def test_a_file_that_cannot_be_read_is_a_sentence(
    text: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record, _ = draw_plain_case(3).asking(1)
    for file, content in (("rows", {**record, "claims": []}), ("certificate", {"proofs": []})):
        (tmp_path / f"{file}.json").write_text(json.dumps(content), "utf-8")
    (tmp_path / f"{name}.json").write_text(text, "utf-8")
    assert verifier.main(str(tmp_path)) == 1
    assert capsys.readouterr().out.startswith("not shown: ")


@pytest.mark.parametrize("claims", BROKEN_CLAIMS, ids=str)
def test_claims_of_another_form_are_a_sentence(
    claims: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record, _ = draw_plain_case(3).asking(1)
    (tmp_path / "rows.json").write_text(json.dumps({**record, "claims": claims}), "utf-8")
    (tmp_path / "certificate.json").write_text(json.dumps({"proofs": [{}]}), "utf-8")
    assert verifier.main(str(tmp_path)) == 1
    assert capsys.readouterr().out.startswith("not shown: ")


def test_the_exit_status_is_zero_only_if_every_claim_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = draw_plain_case(1)
    best = case.best()
    assert best is not None
    record, proof = prove(case, best + 1)
    right, wrong = ({"says": str(k), "rows": [{**record["rows"][-1], "upper": -best - k}]} for k in (1, 0))
    record["rows"].pop()
    shown, open_, without = "shown: 1", "not shown: 0", "the certificate has no proof of it"
    for claims, proofs, told in (
        ([right, right], [proof, proof], [shown, shown]),
        ([wrong], [proof], [open_]),
        ([right, wrong], [proof, proof], [shown, open_]),
        ([right, right], [proof], [shown, f"not shown: 1 ({without})"]),
    ):
        (tmp_path / "rows.json").write_text(json.dumps({**record, "claims": claims}), "utf-8")
        (tmp_path / "certificate.json").write_text(json.dumps({"proofs": proofs}), "utf-8")
        status, lines = verifier.main(str(tmp_path)), capsys.readouterr().out.splitlines()
        assert status == int(told != [shown, shown])
        assert all(line.startswith(begin) for line, begin in zip(lines, told, strict=True))


def test_a_block_without_choices_that_must_be_chosen_leaves_no_point() -> None:
    rows = Rows.from_entries(np.array([0]), np.array([0]), np.array([1]), np.array([1]), ("cap",))
    bounds = np.zeros(1, dtype=np.int64), np.ones(1, dtype=np.int64)
    for must in (True, False):
        system = System(np.array([1]), np.array([must, False]), *bounds, rows)
        assert (check_claim(describe_system(system), {}) == "") is must


def test_ranges_of_many_values_end_with_a_sentence() -> None:
    n = 400
    rows = [
        {"columns": [*range(n)], "values": [1] * n, "upper": 3},
        {"columns": [0], "values": [-1], "upper": -9},
    ]
    record = {"columns": {"low": [0] * n, "high": [99_999] * n}, "groups": [], "rows": rows}
    proof = {"multipliers": {"1": 1}, "trees": [{"row": 0, "price": 1}]}
    assert "too long" in verifier.check_claim(record, proof)


def test_lists_that_would_multiply_end_with_a_sentence() -> None:
    """Two caps of 17 columns, each with as many parts as selections."""
    n = 17
    powers = [1 << k for k in range(n)]
    rows = [{"columns": [*range(2 * n)], "values": powers * 2, "upper": 1 << 20},
            {"columns": [*range(n)], "values": powers, "upper": 1 << 20},
            {"columns": [*range(n, 2 * n)], "values": powers, "upper": 1 << 20},
            {"columns": [*range(2 * n)], "values": [-p for p in powers * 2], "upper": -1}]  # fmt: skip
    record = {"columns": {"low": [0] * 2 * n, "high": [1] * 2 * n}, "groups": [], "rows": rows}
    below = [{"row": 1, "price": 0}, {"row": 2, "price": 0}]
    tree = {"row": 0, "price": 0, "best": -(1 << 60), "below": below}
    assert "too long" in verifier.check_claim(record, {"multipliers": {"3": 1}, "trees": [tree]})


def test_words_that_no_terminal_writes_are_escaped(tmp_path: Path) -> None:
    record, _ = draw_plain_case(3).asking(1)
    record["claims"] = [{"says": "\ud800 Σ", "rows": []}]
    shutil.copy(verifier.__file__, tmp_path / "verifier.py")
    (tmp_path / "rows.json").write_text(json.dumps(record), "utf-8")
    (tmp_path / "certificate.json").write_text(json.dumps({"proofs": [{"multipliers": {"é漢": 1}}]}), "utf-8")
    command = [sys.executable, "-I", "-S", "verifier.py"]
    environment = {"PYTHONIOENCODING": "ascii", "PATH": ""}
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=environment)
    assert (told.returncode, told.stderr) == (1, "")
    assert told.stdout.startswith("not shown: \\ud800")


def test_a_list_that_would_grow_ends_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifier, "MOST_PAIRS", 50)
    n = 40
    rows = [{"columns": [*range(n)], "values": [*range(1, n + 1)], "upper": 300},
            {"columns": [*range(n)], "values": [-(k * k) for k in range(1, n + 1)], "upper": -9000}]  # fmt: skip
    record = {"columns": {"low": [0] * n, "high": [1] * n}, "groups": [], "rows": rows}
    proof = {"multipliers": {"1": 1}, "trees": [{"row": 0, "price": 30, "best": 8999}]}
    assert "too long" in verifier.check_claim(record, proof)


def test_it_runs_alone_and_imports_the_standard_library_only(tmp_path: Path) -> None:
    source = Path(verifier.__file__)
    tree = ast.parse(source.read_text("utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in imported} <= set(sys.stdlib_module_names)
    shutil.copy(source, tmp_path / "verifier.py")
    case = draw_plain_case(1)
    best = case.best()
    assert best is not None
    record, proof = prove(case, best + 1)
    claim = {"says": "nothing is better", "rows": [record["rows"].pop()]}
    for name, content in (("rows", {**record, "claims": [claim]}), ("certificate", {"proofs": [proof]})):
        (tmp_path / f"{name}.json").write_text(json.dumps(content), "utf-8")

    def run() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "-S", "verifier.py"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert run().stdout == "shown: nothing is better\n"
    assert run().returncode == 0
    proof["multipliers"] = {}
    (tmp_path / "certificate.json").write_text(json.dumps({"proofs": [proof]}), "utf-8")
    assert run().returncode == 1


def test_it_stays_short_enough_to_be_read() -> None:
    tree = ast.parse(Path(verifier.__file__).read_text("utf-8"))
    texts = [
        node for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    ]
    text_lines = {line for node in texts for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}
    lines = Path(verifier.__file__).read_text("utf-8").splitlines()
    assert sum(bool(line.strip()) and k not in text_lines for k, line in enumerate(lines, 1)) <= MOST_LINES
