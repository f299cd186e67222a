"""Replay of certificate.json: which claims of a run its proofs show, and on how many rows they rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tnt_sim.certify.proof_checker import Checker, ShownBy, find_least_plain
from tnt_sim.deadline import Deadline, DeadlineExpired
from tnt_sim.errors import Defect, Place
from tnt_sim.i18n.message import Text, _
from tnt_sim.verify.claim_consistency import RunClaim, compare_solver_claims
from tnt_sim.verify.run_files import CERTIFICATE
from tnt_sim.verify.run_replay import Replay
from tnt_sim.verify.step_reading import StepDecision
from tnt_sim.verify.verification import NO_ROWS, Means, ProofRows

REPLAY_SECONDS = 600.0
"""Time for all proofs of a run; a run seeks each one for a minute at most."""
NOT_REPLAYED = "proof"
"""Code of a claim that the certificate does not support."""


def replay_proofs(run: Replay, decisions: Sequence[tuple[StepDecision, RunClaim]]) -> list[Defect]:
    """Replay the proofs of each decision, and return the claims that they do not show.

    Records on `run` whether the proofs show optimality and the tie-break, and the rows behind them. If there
    is no time to replay all of them, nothing is shown, and no defect is reported for a missing proof.
    """
    deadline, result, displayed = run.deadline.tighten(REPLAY_SECONDS), [], []
    seconds = deadline.seconds_left
    for number, (entry, claim) in enumerate(decisions):
        stored = read_stored_proofs(run, number)
        if claim.proof == "CROSS_CHECKED" and stored.verdict != "agrees":
            result.append(_build_disagreement_defect(stored.verdict))
        result += compare_solver_claims(
            stored.solver_words, stored.where, entry.problem.stages, entry.reading.values, claim
        )
        try:
            proofs = _Proofs.of(entry, stored, deadline)
            result += proofs.list_unproven_claims(entry, claim)
        except DeadlineExpired:
            run.replayed, proofs = False, _Proofs.from_unproven(entry)
        displayed.append(proofs)
    if not run.replayed:
        run.notes.append(_build_time_note(seconds))
    run.rows = ProofRows(sum(one.rows.read for one in displayed), sum(one.rows.unread for one in displayed))
    run.proven = all(one.optimal for one in displayed)
    run.means = Means(find_least_plain(proofs.shown_by for proofs in displayed))
    run.proven_first = run.proven and all(one.least and one.first for one in displayed)
    run.first_means = Means(find_least_plain(proofs.first_by for proofs in displayed))
    return result


@dataclass(frozen=True, slots=True)
class _Proofs:
    """What the replayed proofs of one decision show: each stage, « least granted », the tie-break."""

    stages: tuple[bool, ...]
    least: bool
    first: bool
    rows: ProofRows
    shown_by: ShownBy = ShownBy.KERNEL
    first_by: ShownBy = ShownBy.KERNEL

    @classmethod
    def from_unproven(cls, decision: StepDecision) -> _Proofs:
        """Return the proofs of a decision for which nothing is shown."""
        return cls((False,) * len(decision.reading.values), least=False, first=False, rows=NO_ROWS)

    @classmethod
    def of(cls, decision: StepDecision, stored: StoredProofs, deadline: Deadline) -> _Proofs:
        """Replay the proofs; the problem's rows are built only if there is one."""
        values, allocation = decision.reading.values, decision.allocation
        if not any(stored.stages) and not stored.least_granted and not stored.listing:
            return cls.from_unproven(decision)
        check = Checker.of(decision.problem, deadline)
        funded, granted = allocation.funded, allocation.granted_cents
        return cls(
            check.check_stages(values, stored.stages),
            check.is_least_granted(values, granted, stored.least_granted),
            check.is_first_in_rank(values, funded, granted, stored.listing),
            ProofRows(check.rows.n_read, check.rows.n_unread) if any(stored.stages) else NO_ROWS,
            check.determine_means(values, stored.stages),
            check.determine_first_means(values, funded, granted, stored.least_granted, stored.listing),
        )

    @property
    def optimal(self) -> bool:
        """Whether every stage is shown to be optimal."""
        return all(self.stages)

    def list_unproven_claims(self, decision: StepDecision, claim: RunClaim) -> list[Defect]:
        """List the claims of the decision that its proofs do not show."""
        goals = zip(decision.problem.stages, claim.goals, self.stages, strict=True)
        result = [
            _build_unproven_defect(stage.goal)
            for stage, goal, shown in goals
            if goal.proof == "PROVED" and not shown
        ]
        if claim.least_granted == "PROVED" and not self.least:
            result.append(_build_unproven_defect("granted"))
        if claim.listing == "PROVED" and not self.first:
            result.append(_NO_FIRST)
        return result


@dataclass(frozen=True, slots=True)
class StoredProofs:
    """Stored proofs of one decision, and the solver claims that certificate.json repeats."""

    where: str
    solver_words: Any
    stages: list[dict[str, Any] | None]
    least_granted: dict[str, Any] | None
    listing: dict[str, Any] | None
    verdict: str


def read_stored_proofs(run: Replay, number: int) -> StoredProofs:
    """Return the proofs that certificate.json has of one decision of a run."""
    stored: Any
    stored, where = run.certificate or {}, ""
    if run.steps is not None:
        steps, where = stored.get("steps"), f"steps[{number}]."
        stored = steps[number] if isinstance(steps, list) and number < len(steps) else {}
    stored = stored if isinstance(stored, dict) else {}
    proofs, ties = stored.get("proofs"), stored.get("tie_break")
    ties = ties if isinstance(ties, dict) else {}
    return StoredProofs(
        where,
        stored.get("stages"),
        [_get_object(one) for one in proofs] if isinstance(proofs, list) else [],
        _get_object(ties.get("least_granted")),
        _get_object(ties.get("list")),
        str((_get_object(stored.get("cross_check")) or {}).get("verdict"))[:80],
    )


def _get_object(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


def _build_unproven_defect(goal: str) -> Defect:
    return Defect(
        NOT_REPLAYED,
        _('certificate.json does not prove that the goal "{goal}" is the best possible.', goal=goal),
        (Place(file=CERTIFICATE),),
    )


def _build_disagreement_defect(verdict: str) -> Defect:
    return Defect(
        NOT_REPLAYED,
        _(
            "CROSS_CHECKED, but certificate.json does not say that two solvers agree ({verdict}).",
            verdict=verdict,
        ),
        (Place(file=CERTIFICATE),),
    )


def _build_time_note(seconds: float) -> Text:
    return _(
        "The certificate could not be replayed within {replay_seconds} s: optimality remains a claim of the "
        "run.",
        replay_seconds=str(round(seconds)),
    )


_NO_FIRST = Defect(
    NOT_REPLAYED,
    _("certificate.json does not prove that no list as good goes before this one (canonical_proof.list)."),
    (Place(file=CERTIFICATE),),
)
