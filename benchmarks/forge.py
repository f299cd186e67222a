"""A forger at work: run folders changed, with every hash made to fit, and what the check then says to be shown.

uv run python benchmarks/forge.py [HOW_MANY]

Each forgery starts from an honest run of a small scenario and changes what a forger would change: the list, the
words of the proof, the certificate, the grants, a bound, the status, a figure, a name, a reason. Truth is known
from the honest run. A forgery is a failure of the program where something false is `shown`, where a traceback
comes, or where an act is drawn up from it.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import polars as pl
from support.run_folders.mutations import ALWAYS, leaves, load, other, rehash, store
from support.run_folders.small_runs import EVERY, changed, forged, project

from tnt_sim.engine.award_list import convert_to_csv
from tnt_sim.engine.result import Proof, ResultData
from tnt_sim.engine.run_folder.run_access import open_stored
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.errors import TntError
from tnt_sim.reporting.export.formats import refuse_act
from tnt_sim.scenario.load import load_scenario
from tnt_sim.verify.allocation_reading import list_broken_rules, read_allocation
from tnt_sim.verify.decision_reasons import is_better

NAMES = tuple(name for name in EVERY if name != "half")


@dataclass(frozen=True)
class Honest:
    """An honest run: its result, and its folder in a project of its own."""

    result: ResultData
    run: Path

    @property
    def certificate(self) -> dict[str, Any]:
        """A copy of its certificate."""
        copied: dict[str, Any] = json.loads(json.dumps(self.result.certificate))
        return copied


@dataclass(frozen=True)
class Forged:
    """A forged folder, and what is true of the list in it; None where the forger did not change the list."""

    run: Path
    keeps_rules: bool = True
    is_best: bool = True
    is_first: bool = True
    is_same: bool = False
    """Only what nothing binds was changed: the run may be accepted."""


Kind = Callable[[Honest, "Workshop", random.Random], Forged | None]


@dataclass(frozen=True)
class Workshop:
    """The honest runs, and the folder that forgeries are made in."""

    honest: Mapping[str, Honest]
    folder: Path

    def copy(self, one: Honest) -> Path:
        """A copy of an honest run and its project."""
        target = self.folder / "projet"
        if target.exists():
            shutil.rmtree(target)
        shutil.copytree(one.run.parent.parent, target)
        return target / "runs" / one.run.name


def _write(run: Path, name: str, document: Any) -> None:
    (run / name).write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _other_list(one: Honest, rng: random.Random) -> dict[str, int | None] | None:
    """Awards dropped, and others put in their place, of a decision without steps."""
    result = one.result
    if result.document.get("steps") or result.allocation is None:
        return None
    names = result.problem.case.table["dossier"].to_list()
    offers, funded = result.problem.offers, result.allocation.funded
    free = [k for k in range(len(names)) if funded[k] and not offers.committed[k]]
    waiting = [k for k in range(len(names)) if offers.candidate[k] and not funded[k]]
    change: dict[str, int | None] = {
        names[k]: None for k in rng.sample(free, min(len(free), rng.randint(1, 3)))
    }
    for k in rng.sample(waiting, min(len(waiting), rng.randint(0, 2))):
        change[names[k]] = int(offers.least_cents[k])
    return change


def _told(one: Honest, shop: Workshop, rng: random.Random, **words: Any) -> Forged | None:
    """A list of the forger's own, told by the product's own functions under the words that are wanted."""
    change = _other_list(one, rng)
    if change is None:
        return None
    list_ = changed(one.result, change)
    problem = one.result.problem
    reading = read_allocation(problem, list_)
    assert one.result.reading is not None
    run = shop.copy(one)
    written = write_run(forged(one.result, list_, **words), shop.folder / "made")
    for file in written.iterdir():
        shutil.copy(file, run / file.name)
    summary = load(run)
    store(run, {**summary, "project": "../.."})
    rehash(run)
    worse = is_better(problem, one.result.reading.values, reading.values)
    return Forged(run, not list_broken_rules(problem, list_, reading), not worse, is_first=False)


def below_cross_checked(one: Honest, shop: Workshop, rng: random.Random) -> Forged | None:
    """A list below the optimum under « two solvers agree »."""
    certificate = {
        **one.certificate, "proofs": [None] * len(one.result.problem.stages), "cross_check": {"verdict": "agrees"},
        "tie_break": {"least_granted": None, "list": None},
    }  # fmt: skip
    return _told(one, shop, rng, proof=Proof.CROSS_CHECKED, certificate=certificate)


def below_proved(one: Honest, shop: Workshop, rng: random.Random) -> Forged | None:
    """A list below the optimum under `PROVED`, with the certificate of the honest one."""
    return _told(one, shop, rng, least_granted=Proof.PROVED, listing=Proof.PROVED)


def below_with_other_certificate(one: Honest, shop: Workshop, rng: random.Random) -> Forged | None:
    """A list below the optimum under the proofs of another run."""
    thief = shop.honest[rng.choice([name for name in NAMES if shop.honest[name] is not one])]
    taken = {key: thief.certificate.get(key) for key in ("proofs", "tie_break")}
    return _told(one, shop, rng, certificate={**one.certificate, **taken})


def other_certificate(one: Honest, shop: Workshop, rng: random.Random) -> Forged | None:
    """The honest list under the whole certificate of another run."""
    thief = shop.honest[rng.choice([name for name in NAMES if shop.honest[name] is not one])]
    run = shop.copy(one)
    _write(run, "certificate.json", thief.certificate)
    rehash(run)
    return Forged(run)


def certificate_leaf(one: Honest, shop: Workshop, rng: random.Random) -> Forged | None:
    """One value of the certificate changed."""
    run, certificate = shop.copy(one), one.certificate
    paths = list(leaves(certificate))
    path = rng.choice(paths)
    place = certificate
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = other(place[path[-1]], rng)
    _write(run, "certificate.json", certificate)
    rehash(run)
    return Forged(run, is_same=True)  # a multiplier may be another and the proof still hold


def older_code(one: Honest, shop: Workshop, rng: random.Random) -> Forged | None:
    """A list below the optimum under `PROVED`, said to be made by another version."""
    made = _told(one, shop, rng, least_granted=Proof.PROVED, listing=Proof.PROVED)
    if made is None:
        return None
    summary = load(made.run)
    summary["provenance"]["code_sha256"] = f"{rng.getrandbits(256):064x}"
    store(made.run, summary)
    rehash(made.run)
    return made


def older_reason(one: Honest, shop: Workshop, rng: random.Random) -> Forged | None:
    """A reason of a dossier rewritten, said to be made by another version: this version's is what leaves."""
    run = shop.copy(one)
    table = pl.read_parquet(run / "allocation.parquet")
    reasons = table["reason"].to_list()
    reasons[rng.randrange(len(reasons))] = "Parce que."
    table = table.with_columns(pl.Series("reason", reasons))
    table.write_parquet(run / "allocation.parquet")
    convert_to_csv(table, one.result.problem.case.timezone).write_csv(run / "allocation.csv")
    summary = load(run)
    summary["provenance"]["code_sha256"] = f"{rng.getrandbits(256):064x}"
    store(run, summary)
    rehash(run)
    return Forged(run)


def equal_list(one: Honest, shop: Workshop, rng: random.Random) -> Forged | None:
    """The tie-break claimed for a list that the forger chose."""
    return _told(one, shop, rng, canonical=True, listing=Proof.PROVED)


def unbound(one: Honest, shop: Workshop, rng: random.Random) -> Forged | None:
    """Versions, seconds or the solver's log."""
    run = shop.copy(one)
    summary = load(run)
    key = rng.choice(["versions", "seconds", "log"])
    if key == "versions":
        summary["versions"][rng.choice([name for name in summary["versions"] if name != "tnt_sim"])] = "9.9.9"
    elif key == "seconds":
        summary["seconds"] = {name: value + 1 for name, value in summary["seconds"].items()}
    else:
        log = (run / "solver.log").read_text(encoding="utf-8")
        (run / "solver.log").write_text(f"optimal, believe me\n{log}", encoding="utf-8")
    store(run, summary)
    rehash(run)
    return Forged(run, is_same=True)


def _mutation(change: Callable[[Path, random.Random], Any]) -> Kind:
    def kind(one: Honest, shop: Workshop, rng: random.Random) -> Forged | None:
        run = shop.copy(one)
        if change(run, rng) is None or not (run / "summary.json").is_file():
            return None
        try:
            rehash(run)
        except (ValueError, KeyError, TypeError):
            return None
        return Forged(run, keeps_rules=False, is_best=False, is_first=False)

    kind.__name__ = change.__name__
    return kind


OWN: tuple[Kind, ...] = (
    below_cross_checked, below_proved, below_with_other_certificate, other_certificate, certificate_leaf,
    older_code, older_reason, equal_list, unbound,
)  # fmt: skip
KINDS: tuple[Kind, ...] = (*OWN, *(_mutation(change) for change in dict.fromkeys(ALWAYS)))


@dataclass(frozen=True)
class Outcome:
    """What the program said of one forgery."""

    kind: str
    said: str
    wrong: str = ""


def judged(made: Forged, kind: str) -> Outcome:
    """Open the forgery by the one door, and hold what is shown against what is true."""
    try:
        run = open_stored(made.run)
    except TntError:
        return Outcome(kind, "refused")
    except Exception as error:  # noqa: BLE001  (a traceback is what is looked for)
        return Outcome(kind, "traceback", f"{type(error).__name__}: {error}")
    found = run.checked
    truth = {"rules": made.keeps_rules, "optimal": made.is_best, "first": made.is_first}
    false = [key for key in truth if getattr(found, key).is_shown and not truth[key]]
    if "Parce que." in run.table["reason"].to_list():
        false.append("reason")
    try:
        refuse_act(run, unproven=False)
    except TntError:
        act = ""
    else:
        act = "" if truth["rules"] and truth["optimal"] else "an act was drawn up"
    said = "not verified" if not found.rules.is_shown else f"optimal {found.optimal.standing.value}"
    return Outcome(kind, said, ", ".join([*(f"{key} shown" for key in false), *filter(None, [act])]))


def workshop(folder: Path) -> Workshop:
    """Honest runs of every small scenario."""
    honest = {}
    for name in NAMES:
        small = EVERY[name]
        result = solve(
            load_scenario(project(small, folder / name / "projet"), small.sets), cross_check="never"
        )
        honest[name] = Honest(result, write_run(result))
    return Workshop(honest, folder / "atelier")


def forgeries(shop: Workshop, n: int, seed: int = 1) -> list[Outcome]:
    """So many forgeries, the kinds in turn."""
    outcomes: list[Outcome] = []
    shop.folder.mkdir(exist_ok=True)
    for number in range(seed, seed + 50 * n):
        rng = random.Random(number)
        kind, one = KINDS[number % len(KINDS)], shop.honest[rng.choice(NAMES)]
        made = kind(one, shop, rng)
        if made is not None:
            outcomes.append(judged(made, kind.__name__))
        if len(outcomes) == n:
            break
    return outcomes


def main() -> int:
    """Forge, and print what was said by kind."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with tempfile.TemporaryDirectory() as folder:
        outcomes = forgeries(workshop(Path(folder)), n)
    for (kind, said), count in sorted(Counter((one.kind, one.said) for one in outcomes).items()):
        print(f"{kind:32} {said:18} {count}")
    wrong = [one for one in outcomes if one.wrong]
    for one in wrong:
        print("WRONG", one)
    print(
        f"{len(outcomes)} forgeries: {sum(one.said == 'refused' for one in outcomes)} refused, {len(wrong)} wrong"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
