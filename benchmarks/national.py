"""Every question at national size under a limit: its clock, its exit code, and how much of its answer is exact.

    uv run python benchmarks/national.py [SIZE …] [--list LIST.csv] [--ask QUESTION …] [--limit SECONDS]

Sizes: caps (10,000 dossiers, 303 caps), n (51,093 real grants, 507 envelopes, by `--list`), floors (50,000, four
floors), million (303 caps). The limit is 10 s, 60 s for a million. Each question is a command in a process of its
own. Its clock begins where the inputs have been read and ends where it begins to write; the writing is told
beside it. A question is late if it takes more than two seconds beyond its limit; it is killed four minutes after
it. Shares tell how many items of an answer are exact, bounded by an interval, or unknown. `report` reads the
explanation that the run folder keeps. SYNTHETIC but for the list of grants.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from families import write_b_to_d, write_m, write_n

BEYOND = 2.0
KILLED_AFTER = 240.0
SIZES = ("caps", "n", "floors", "million")
UNCERTAIN = "uncertain:\n  - {id: cost, column: cost, times: {lognormal: {median: 1, sigma: 0.2}}}\n"
QUESTIONS: Mapping[str, str] = {
    "run": "run SCENARIO --json",
    "verify": "verify RUN --json",
    "explain one": "explain RUN WAITING --again --json",
    "explain all": "explain RUN --all --again --json",
    "report html": "report RUN --out page.html --force --quiet",
    "report xlsx": "report RUN --out book.xlsx --force --quiet",
    "entry-thresholds": "entry-thresholds SCENARIO ENVELOPE --json",
    "marginal-euro": "marginal-euro SCENARIO --json",
    "rule-prices": "rule-prices SCENARIO --json",
    "alternatives": "alternatives SCENARIO --count 2 --json",
    "audit": "audit SCENARIO --selection list.csv --json",
    "conflict": "conflict SCENARIO --json",
    "sweep free": "sweep SCENARIO ENVELOPE --free --to 125% --steps 5 --json",
    "sweep nested": "sweep SCENARIO ENVELOPE --nested --to 125% --steps 5 --json",
    "ensemble": "ensemble uncertain.yaml --draws 10 --json",
    "extend": "extend SCENARIO AMOUNT --json",
}
UNLIMITED_VERBS = ("verify",)


@dataclass(frozen=True, slots=True)
class Command:
    """What one command took in seconds, how it ended, and its answer."""

    seconds: float
    written: float
    processor: float
    peak_gb: float
    code: int | None
    answer: Mapping[str, Any] | None
    told: str


def run_command(words: Sequence[str], moments: Path) -> int:
    """Run a command here; write when its limit began to count and when it began to write."""
    from tnt_sim.analysis.explain import explanation
    from tnt_sim.cli import answer
    from tnt_sim.cli.main import main as run
    from tnt_sim.engine.budgets import Clock

    began: list[float] = []
    shown: list[float] = []
    created: list[float] = []
    begin, create, explain = Clock.begin, Clock.__post_init__, explanation.explain
    shows = {kind: kind.show for kind in (answer.OutputOptions, answer.AnswerOptions)}

    def note_begin(clock: Clock) -> None:
        if clock._reads:
            began.append(time.time())
        begin(clock)

    def note_create(clock: Clock) -> None:
        if clock.limit_seconds is not None:
            created.append(time.time())
        create(clock)

    def note_explain(*rest: Any, **named: Any) -> Any:
        began[:] = [time.time()]
        try:
            return explain(*rest, **named)
        finally:
            shown.append(time.time())

    def wrap(show: Callable[..., None]) -> Callable[..., None]:
        def note_show(*rest: Any, **named: Any) -> None:
            shown.append(time.time())
            show(*rest, **named)

        return note_show

    Clock.begin, Clock.__post_init__ = note_begin, note_create  # type: ignore[method-assign]
    explanation.explain = note_explain
    for kind, show in shows.items():
        kind.show = wrap(show)  # type: ignore[method-assign]
    try:
        return run(words)
    finally:
        moments.write_text(json.dumps([began[:1] or created[:1], shown[:1]]), encoding="utf-8")


def measure(words: Sequence[str], folder: Path, most: float) -> Command:
    """Measure one command in a process of its own."""
    moments, out, err = folder / "moments.json", folder / "out.json", folder / "err.txt"
    moments.unlink(missing_ok=True)
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = time.time()
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, __file__, "--command", str(moments), *words],
            cwd=folder, env=clean, stdout=stdout, stderr=stderr,
        )  # fmt: skip
        while True:
            pid, status, spent = os.wait4(process.pid, os.WNOHANG)
            if pid or time.time() - start > most:
                break
            time.sleep(0.02)
        if not pid:
            process.kill()
            _, status, spent = os.wait4(process.pid, 0)
    end = time.time()
    began, shown = json.loads(moments.read_text(encoding="utf-8")) if moments.exists() else ([], [])
    origin = began[0] if began else start
    asks = bool(began) or words[0] != "report"  # a kept explanation is read
    wrote = origin if not asks else shown[0] if shown and shown[0] >= origin else end
    code = os.waitstatus_to_exitcode(status) if pid else None
    try:
        answer = json.loads(out.read_text(encoding="utf-8"))
    except ValueError:
        answer = None
    told = err.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return Command(
        wrote - origin, end - wrote, spent.ru_utime + spent.ru_stime, spent.ru_maxrss / 2**20, code, answer,
        told[-1] if told else "",
    )  # fmt: skip


def prepare(size: str, folder: Path, source: Path | None) -> dict[str, list[str]]:
    """Write the scenario of a size, the same with uncertain costs, and a list by hand; return its words."""
    if size == "n":
        assert source is not None, "name the list of grants by --list"
        place = write_n(folder, 0, source)
    elif size == "floors":
        place = write_b_to_d(folder, 0, "b", n=50_000)
    else:
        place = write_m(folder, 0, 10_000 if size == "caps" else 1_000_000)
    place.with_name("uncertain.yaml").write_text(
        place.read_text(encoding="utf-8") + UNCERTAIN, encoding="utf-8"
    )
    table = pl.read_parquet(folder / "dossiers.parquet")
    table.select("dossier").gather_every(2).write_csv(folder / "list.csv")
    names = {"SCENARIO": [place.name], "ENVELOPE": [], "AMOUNT": []}
    if size == "n":  # its programme has no amount; here it has that of its two envelopes together
        funds = table.group_by("fund").agg(pl.col("requested").sum() * 65 // 100)
        amount = int(funds["requested"].sum())
        names |= {"ENVELOPE": ["--envelope", "detr"], "AMOUNT": ["--set", f"programme.amount={amount} €"]}
    return names


def find_run(folder: Path) -> dict[str, list[str]]:
    """Return the run folder and a refused dossier of it, as words; none before the first run."""
    runs = sorted((folder / "runs").glob("*/allocation.parquet"))
    if not runs:
        return {}
    refused = pl.read_parquet(runs[0]).filter(pl.col("eligible") & ~pl.col("funded")).sort("dossier")
    return {"RUN": [str(runs[0].parent.relative_to(folder))], "WAITING": [refused["dossier"][0]]}


EXACT, INTERVAL, UNKNOWN = 0, 1, 2
NAMES = ("exact", "interval", "unknown")


def rate_change(entry: Mapping[str, Any]) -> int:
    """Rate what is known of a waiting dossier by the best of its changes; a limit that says nothing is none."""
    changes = entry.get("changes") or ()
    if {change.get("status") for change in changes} & {"exact", "impossible"}:
        return EXACT
    ends = [
        end
        for change in changes
        if change.get("status") == "interval"
        for end in (change.get("high"), change.get("to_cents"), change.get("low_cents"))
        if end
    ]
    raised = any(change.get("low", change.get("from")) != change.get("from") for change in changes)
    return INTERVAL if ends or raised else UNKNOWN


def rate_pair(low: Any, high: Any) -> int:
    """Rate two limits: equal, one of them known, or none."""
    return UNKNOWN if low is None and high is None else EXACT if low == high else INTERVAL


def rate_goal(entry: Mapping[str, Any] | None) -> int:
    """Rate a decision by the gap of its first goal."""
    goals = (entry or {}).get("objective") or ()
    gap = goals[0].get("gap") if goals else None
    return UNKNOWN if gap is None else EXACT if float(gap) == 0 else INTERVAL


def rate_list(entry: Mapping[str, Any] | None, bound: Any) -> int:
    """Rate a list of an audit, with the bound that no list passes."""
    status = (entry or {}).get("status")
    return EXACT if status in ("optimal", "infeasible") else UNKNOWN if bound is None else INTERVAL


def rate_list_at_total(entry: Mapping[str, Any] | None) -> int:
    """Rate a list of `extend`: proven, bounded by its first goal, by limits alone, or unknown."""
    if entry is None:
        return UNKNOWN
    limits = entry["limits"] or {}
    if limits.get("low") is not None and limits.get("high") is not None:
        return INTERVAL
    goals = entry["objective"]
    if entry["proof"] in ("PROVED", "CROSS_CHECKED"):
        return EXACT
    return INTERVAL if goals and goals[0]["bound"] is not None else UNKNOWN


def rate_entry(entry: Mapping[str, Any]) -> int:
    """Rate the entry threshold of a dossier."""
    if entry["no_loss_never"]:
        return EXACT
    low, high = entry["no_loss_cents"], entry["no_loss_upto_cents"]
    if not entry["method"]:
        return UNKNOWN
    return rate_pair(low or None, high) if low != high else EXACT


def rate_items(question: str, answer: Mapping[str, Any]) -> list[int]:
    """Rate the items that an answer holds: exact, an interval, or unknown."""
    match question.split()[0]:
        case "explain":
            waiting = {entry["dossier"] for entry in answer["reserve"]}
            return [rate_change(entry) for entry in answer["dossiers"] if entry["dossier"] in waiting]
        case "entry-thresholds":
            waits = [entry for entry in answer["entries"] if entry["eligible"] and not entry["funded"]]
            return [rate_entry(entry) for entry in waits]
        case "marginal-euro":
            return [
                UNKNOWN if entry["status"] == "stopped"
                else EXACT if entry["exact"] or entry["status"] == "never" else INTERVAL
                for entry in answer["next"]
            ]  # fmt: skip
        case "rule-prices":
            return [rate_pair(entry["change"], entry["change_upto"]) for entry in answer["prices"]]
        case "alternatives":
            return [EXACT if one["proven"] else INTERVAL for one in answer["portfolios"]]
        case "audit":
            return [
                rate_list(answer["optimum"], answer["objective"][0]["bound"]),
                rate_list(answer["better"], answer["better_bound"]),
                rate_list(answer["cheaper"], answer["cheaper_from_cents"]),
                *(rate_list(swap, swap["n_changed_from"]) for swap in answer["swaps"]),
            ]
        case "sweep":
            kind = question.split()[1]
            return [rate_goal(point[kind]) for point in answer["points"]]
        case "ensemble":
            return [EXACT] * answer["n_draws"] + [INTERVAL] * answer["n_bounded"]
        case "run":
            return [rate_goal(answer)]
        case "extend":
            curves = [answer["free"], answer["nested"]]
            totals = [
                total[way]
                for curve in curves
                for total in curve["totals"]
                for way in ("alone", "with_transfers")
            ]
            lists = [answer["as_written"], *(curve["transfer"] for curve in curves), *totals]
            return [rate_list_at_total(one) for one in lists]
    return []


def count_items(question: str, answer: Mapping[str, Any]) -> tuple[int, int, int]:
    """Count the items of an answer that are exact, bounded and unknown; those that it lacks are unknown."""
    rates = rate_items(question, answer)
    if not rates and question.split()[0] in ("conflict", "verify"):
        return 0, 0, 0
    exact, interval = rates.count(EXACT), rates.count(INTERVAL)
    if question == "extend":
        return exact, interval, len(rates) - exact - interval
    n_asked = (
        len(answer["reserve"]) if question == "explain all" else (answer.get("progress") or {}).get("of")
    )
    return exact, interval, max(len(rates), n_asked or 0) - exact - interval


def describe(question: str, command: Command) -> str:
    """What an answer tells of how far it got."""
    answer = command.answer
    if answer is None or "error" in answer or "errors" in answer:
        return command.told[:150]
    progress = answer.get("progress")
    words = [str(answer.get("status"))] + ([f"proof {answer['proof']}"] if "proof" in answer else [])
    words += [f"{progress['done']} of {progress['of']} {progress['unit']}"] if progress else []
    counted = count_items(question, answer)
    if sum(counted):
        shares = [
            f"{name} {100 * n / sum(counted):.1f} %" for name, n in zip(NAMES, counted, strict=True) if n
        ]
        words.append(", ".join(shares))
    return ", ".join(words)


def list_rows(
    size: str, asked: Sequence[str], source: Path | None, limit: float, keep: Path | None
) -> Iterator[str]:
    """Measure the questions of a size in order."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) if keep is None else keep / size
        names = prepare(size, folder, source)
        for question, line in QUESTIONS.items():
            needed = asked or QUESTIONS
            if question not in needed and not (question == "run" and not find_run(folder)):
                continue
            known = names | find_run(folder)
            words = [word for part in line.split() for word in known.get(part, [part])]
            if question not in UNLIMITED_VERBS:
                words += [
                    "--time-limit",
                    f"{60 if question == 'run' and question not in needed else limit:g}",
                ]
            one = measure(words, folder, limit + KILLED_AFTER)
            if keep is not None and one.answer is not None:
                (folder / f"{question.replace(' ', '-')}.json").write_text(json.dumps(one.answer))
            late = question not in UNLIMITED_VERBS and one.seconds > limit + BEYOND
            clock = f"**{one.seconds:.1f}**" if late else f"{one.seconds:.1f}"
            code = "killed" if one.code is None else one.code
            yield (
                f"| {size} | `{question}` | {clock} + {one.written:.1f} | {one.processor:.1f} | "
                f"{one.peak_gb:.2f} | {code} | {describe(question, one)} |"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("sizes", nargs="*", help=", ".join(SIZES))
    parser.add_argument("--list", type=Path, help="the public list of grants of family N")
    parser.add_argument(
        "--ask", nargs="+", default=[], choices=QUESTIONS, help="the questions; all by default"
    )
    parser.add_argument("--limit", type=float, help="seconds; 10 by default, 60 for a million")
    parser.add_argument("--keep", type=Path, help="a folder that keeps scenarios, runs and answers")
    given = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}")
    print(
        "| size | question | clock + written, s | processor, s | peak, GB | exit | answer |\n"
        + "|---" * 7
        + "|"
    )
    for size in given.sizes or SIZES:
        limit = given.limit or (60.0 if size == "million" else 10.0)
        for row in list_rows(size, given.ask, given.list, limit, given.keep):
            print(row, flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--command"]:
        sys.exit(run_command(sys.argv[3:], Path(sys.argv[2])))
    main()
