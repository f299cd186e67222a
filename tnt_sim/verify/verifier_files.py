"""The files with which a stranger checks a run without this program: verifier, rows and certificate."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from tnt_sim.certify import verifier
from tnt_sim.certify.certificate import PRICES
from tnt_sim.certify.claim_systems import Claims, build_claims, compute_granted_value
from tnt_sim.certify.proof_checker import list_order, restrict_to_list
from tnt_sim.certify.verifier_rows import describe_rows, describe_system
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify.proofs import read_stored_proofs
from tnt_sim.verify.run_document import format_fraction
from tnt_sim.verify.run_replay import Replay
from tnt_sim.verify.step_reading import StepDecision


def build_verifier_files(run: Replay, decisions: Sequence[StepDecision], lang: Lang) -> dict[str, bytes]:
    """Return `verifier.py`, `rows.json` and `certificate.json` of a checked run; its steps each in `step-N/`.

    The rows are those of its scenario, written here again; the certificate is only its proofs by prices. A goal
    without one keeps its claim, which the verifier then calls not shown. The least money and the rank among ties
    are claimed only with their proofs.
    """
    if not decisions:
        raise UsageError(
            _("--export is for a run with an allocation: this one has no proof of an optimum."),
            code="usage.export",
        )
    return {
        name if run.steps is None else f"step-{number + 1}/{name}": content
        for number, decision in enumerate(decisions)
        for name, content in _build_decision_files(run, number, decision, lang).items()
    }


def _build_decision_files(run: Replay, number: int, decision: StepDecision, lang: Lang) -> dict[str, bytes]:
    """Return the three files of one decision."""
    problem, reading = decision.problem, decision.reading
    claims = build_claims(problem)
    values = (*reading.values, compute_granted_value(problem, decision.allocation.granted_cents))
    stored = read_stored_proofs(run, number)
    record = describe_system(claims.system)
    n_rows = len(record["rows"])
    record["columns"] = {"names": _list_names(claims, problem), **record["columns"]}
    n_stages = len(problem.stages)
    prices = [
        None if proof is None else proof.get(PRICES)
        for proof in (
            *stored.stages[:n_stages],
            *[None] * (n_stages - len(stored.stages)),
            stored.least_granted,
        )
    ]
    record["claims"] = [
        {
            "says": _describe_claim(goal.name, goal.sign, format_fraction(value)).in_(lang),
            "rows": describe_rows(claims.of_stage(k, values).rows, n_rows),
        }
        for k, (goal, value) in enumerate(zip(claims.goals, values, strict=True))
        if k < n_stages or prices[k] is not None
    ]
    prices = prices[: len(record["claims"])]
    if stored.listing is not None and PRICES in stored.listing:
        prices.append(stored.listing[PRICES])
        record["claims"].append(_describe_rank_claim(decision, claims, values, n_rows, lang))
    certificate = {"proofs": prices}
    return {
        "verifier.py": Path(verifier.__file__).read_bytes(),
        "rows.json": _write(record),
        "certificate.json": _write(certificate),
    }


def _describe_rank_claim(
    decision: StepDecision, claims: Claims, values: Sequence[Fraction], n_rows: int, lang: Lang
) -> dict[str, Any]:
    """Return the claim that no list as good goes before this one."""
    funded, granted_cents = decision.allocation.funded, decision.allocation.granted_cents
    equals, listed = restrict_to_list(decision.problem, claims, values, funded, granted_cents)
    return {
        "says": _("no allocation as good, which grants as little, goes before this one").in_(lang),
        "rows": describe_rows(equals.rows, n_rows),
        "before": list_order(equals, listed),
    }


def _list_names(claims: Claims, problem: Problem) -> list[str]:
    """Return a name for each column: the application with its amount in cents, or the number of a sum."""
    ids = problem.case.portfolio.table["dossier"].gather(claims.choices.dossier).to_list()
    names = [f"{one} {cents}" for one, cents in zip(ids, claims.choices.cents.tolist(), strict=True)]
    return names + [f"sum {k}" for k in range(claims.system.n_cols - len(names))]


def _describe_claim(goal: str, sign: int, value: str) -> Text:
    """Say what the rows of a goal claim."""
    if sign > 0:
        return _('no allocation within the rows has more of "{goal}" than {value}', goal=goal, value=value)
    return _('no allocation as good has less of "{goal}" than {value}', goal=goal, value=value)


def _write(content: Mapping[str, Any]) -> bytes:
    """Write a document with one line for each row, so that it can be read and compared."""
    entries = [
        f'"{key}": [\n' + ",\n".join(map(_dump, value)) + "\n]"
        if isinstance(value, list)
        else f'"{key}": {_dump(value)}'
        for key, value in content.items()
    ]
    return ("{\n" + ",\n".join(entries) + "\n}\n").encode()


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
