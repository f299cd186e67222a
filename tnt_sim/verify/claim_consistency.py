"""Consistency of a run's claims: status, proof, bounds, warnings and repeated solver claims must agree.

No reading of the allocation can confirm these claims, but they must not contradict each other.

* For each decision: `feasible` ⇒ proof `FEASIBLE_GAP`; the proof is the weakest of its stages; `gap` is
  |bound − value|; the bound lies on the far side of the value; `optimal` ⇒ bound = value, apart from what a
  stage's `tolerance` gives up.
* For the run: `publishable` ⇔ proof `PROVED` or `CROSS_CHECKED`; `canonical` ⇒ `optimal` and not stopped;
  warnings on the evidence appear if and only if the claims require them.
* For `optimal` without tolerance (`list_improving_dossiers`): no additional dossier may both satisfy all rules and
  improve the first stage whose value changes. This proves no optimality, but refutes a false claim if one
  dossier suffices.
* `certificate.json` repeats solver claims (`compare_solver_claims`); they support no proof and must agree with
  the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from tnt_sim.errors import Defect, Defects, Place
from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.rules.protocols import Sense
from tnt_sim.scenario.objective import ObjectiveStage
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify.allocation_reading import (
    Allocation,
    AllocationReading,
    list_broken_rules,
    read_allocation,
)
from tnt_sim.verify.decision_reasons import Reasons, is_better
from tnt_sim.verify.run_document import format_fraction
from tnt_sim.verify.run_files import CERTIFICATE

NOT_PROVED = Defect(
    "not-proved",
    _("the run stopped before the proof: a better allocation may exist."),
    hint=_("Raise `time_limit`."),
)
ONE_SOLVER = Defect(
    "one-solver",
    _("one solver calls this allocation the best; nothing proves it."),
)
OUTSIDE_LIST = Defect(
    "outside-list",
    _("another program found this list: a better allocation may exist."),
    hint=_("Run the scenario for the best one."),
)
NOT_CANONICAL = Defect(
    "not-canonical",
    _("ties are not broken to the end: another list is worth as much."),
    hint=_("Raise `time_limit`."),
)
NO_LIST = Defect(
    "reserve-list",
    _(
        "the reserve list is not drawn up: a limit stopped the run, or no allocation "
        "satisfies the rules once the reserves are freed."
    ),
    hint=_('Raise `time_limit`, or look at the hard rules of the step "reserve".'),
)
EVIDENCE = (NOT_PROVED, ONE_SOLVER, OUTSIDE_LIST, NOT_CANONICAL, NO_LIST)


_MORE_TIME = _("Raise `time_limit`: the second solver has half of what the first one leaves.")
_ADVICE = {
    "no_solver": _("Install a second solver: CBC, GLPK or SCIP. `tnt-sim doctor` shows how."),
    "limit": _MORE_TIME,
    "not_proved": _MORE_TIME,
    "not_asked": _("Take `cross_check: never` out."),
    "outside": _("Check the list with `prove=True`."),
}
_ANOTHER = _("Ask another second solver (`cross_check`); `tnt-sim doctor` lists them.")


def build_unconfirmed_warning(reason: Text, verdict: str) -> Defect:
    """Build the warning that no second solver confirms the result: why, and what helps for this `Verdict`."""
    return Defect(
        "not-cross-checked",
        _("the result is not publishable: {reason}.", reason=reason),
        hint=_ADVICE.get(verdict, _ANOTHER),
    )


def split_warnings(lines: Sequence[str], lang: Lang) -> tuple[set[str], list[str]]:
    """Return the codes of warnings on evidence, and all other warning lines in order."""
    codes: set[str] = set()
    others: list[str] = []
    earlier: set[str] = set()
    for text in lines:
        code = next((code for code, pattern in _build_patterns(lang) if pattern.fullmatch(text)), None)
        if code is None or text in earlier:
            others.append(text)
        else:
            codes.add(code)
            earlier.add(text)
    return codes, others


def translate_warnings(lines: Sequence[str], lang: Lang, other: Lang) -> list[str]:
    """Return the warnings on evidence in another language; those about the second solver stay unchanged."""
    told = {note.line(lang): note.line(other) for note in EVIDENCE}
    others = split_warnings(lines, lang)[1]
    return [told.get(line, line) for line in lines if line not in others]


def build_strong_rows_warning(names: str) -> Defect:
    """Build the warning that rows behind a proof are stronger than the second reading of their rules."""
    return Defect(
        "proof-rows",
        _(
            "rows that the proof stands on are stronger than the second reading of their rules "
            "({names}): the proof does not count. This is a fault of the program, or of an added "
            "rule kind.",
            names=names,
        ),
    )


def _build_patterns(lang: Lang) -> Iterable[tuple[str, re.Pattern[str]]]:
    for note in EVIDENCE:
        yield note.code, re.compile(re.escape(note.line(lang)))
    for verdict in (*_ADVICE, ""):
        free = build_unconfirmed_warning(_("@@"), verdict)
        yield free.code, re.compile(re.escape(free.line(lang)).replace("@@", "[^.:\n]+(: [^.:\n]+)?"))
    rows = build_strong_rows_warning("@@")
    yield rows.code, re.compile(re.escape(rows.line(lang)).replace("@@", "[^\n]+"))


STATUSES = ("optimal", "feasible")
PROOFS = ("FEASIBLE_GAP", "CROSS_CHECKED", "PROVED")
"""Proofs from the weakest to the strongest."""

STOPS = ("time", "nodes", "memory", "interrupt", None)
METHODS = ("direct", "core", "tree", "blocks")
_NUMBER = re.compile(r"-?\d{1,400}(\.\d{1,400})?")
_DIGITS_KEPT = 12


@dataclass(frozen=True, slots=True)
class ClaimedStage:
    """Claims on one stage: bound, gap, gap in money, and proof."""

    bound: Fraction | None
    gap: str | None
    gap_money_cents: int | None
    proof: str | None


@dataclass(frozen=True, slots=True)
class RunClaim:
    """Claims on one decision, restricted to known values."""

    status: str
    proof: str
    goals: tuple[ClaimedStage, ...]
    least_granted: str | None = None
    listing: str | None = None


def read_claim(
    entry: Mapping[str, object],
    where: str,
    stages: Sequence[ObjectiveStage],
    values: Sequence[Fraction],
    defects: Defects,
) -> RunClaim:
    """Read the claims on a decision from its summary entry, and record contradictions in `defects`.

    `values` are the exact values of the stages. An unknown value counts as the weakest.
    """
    note = _Notes(where, defects)
    status = note.read_word("status", entry.get("status"), STATUSES, "feasible")
    proof = note.read_word("proof", entry.get("proof"), PROOFS, PROOFS[0])
    told = entry.get("objective")
    entries = told if isinstance(told, list) else []
    entries = [one if isinstance(one, dict) else {} for one in entries]
    if len(entries) != len(stages):
        note.add("objective", f"{len(entries)} / {len(stages)}")
    goals = []
    for k, (stage, value) in enumerate(zip(stages, values, strict=True)):
        one = entries[k] if k < len(entries) else {}
        goals.append(
            _read_stage_claim(note, f"objective[{k}]", one, stage, value, optimal=status == "optimal")
        )
    if status == "feasible" and proof != PROOFS[0]:
        note.add("proof", f"status {status}, proof {proof}")
    known = [PROOFS.index(goal.proof) for goal in goals if goal.proof is not None]
    if len(known) != len(goals) or (known and PROOFS[min(known)] != proof):
        note.add("proof", f"{proof}; objective: {', '.join(str(goal.proof) for goal in goals)}")
    return RunClaim(
        status, proof, tuple(goals), *_read_tie_claims(note, entry.get("canonical_proof"), status)
    )


def _read_tie_claims(note: _Notes, entry: Any, status: str) -> tuple[str | None, str | None]:
    """Read the claims on « least granted » and on the tie-break; a decision that is not optimal may have none."""
    known: dict[str, tuple[str | None, ...]] = {
        "least_granted": (None, *PROOFS[1:]),
        "list": (None, PROOFS[2]),
    }
    result = dict.fromkeys(known)
    if not isinstance(entry, dict) or set(entry) != set(known):
        note.add("canonical_proof", str(entry)[:80])
        return None, None
    for key, words in known.items():
        word = entry[key]
        if not any(word is one or word == one for one in words) or (word is not None and status != "optimal"):
            note.add(f"canonical_proof.{key}", f"{str(word)[:80]}, status {status}")
        else:
            result[key] = word
    return result["least_granted"], result["list"]


@dataclass(frozen=True, slots=True)
class _Notes:
    """Collects the contradictions in one decision's claims."""

    where: str
    defects: Defects

    def add(self, key: str, what: str) -> None:
        path = f"{self.where}{key}"
        self.defects.add(
            f"claim:{path}",
            _(
                'summary.json: "{path}" cannot be, or contradicts the rest ({difference}).',
                path=path,
                difference=what,
            ),
        )

    def read_word(self, key: str, value: object, known: Sequence[object], weakest: str) -> str:
        if isinstance(value, str) and value in known:
            return value
        self.add(key, str(value)[:80])
        return weakest

    def read_number(self, key: str, value: object) -> Fraction | None:
        if value is None:
            return None
        if isinstance(value, str) and _NUMBER.fullmatch(value) and format_fraction(Fraction(value)) == value:
            return Fraction(value)
        self.add(key, str(value)[:80])
        return None


def _read_stage_claim(
    note: _Notes,
    path: str,
    entry: Mapping[str, Any],
    stage: ObjectiveStage,
    value: Fraction,
    *,
    optimal: bool,
) -> ClaimedStage:
    bound = note.read_number(f"{path}.bound", entry.get("bound"))
    gap = note.read_number(f"{path}.gap", entry.get("gap"))
    proof = entry.get("proof")
    if proof not in PROOFS:
        note.add(f"{path}.proof", str(proof)[:80])
        proof = None
    if not _is_bound_consistent(bound, stage, value, optimal=optimal):
        note.add(f"{path}.bound", f"{entry.get('bound')}, {format_fraction(value)}")
    if not _is_gap_consistent(bound, gap, value):
        note.add(f"{path}.gap", f"{entry.get('gap')}, {entry.get('bound')} − {format_fraction(value)}")
    money = entry.get("gap_money_cents")
    if money is not None and (type(money) is not int or money < 0 or (gap == 0 and money)):
        note.add(f"{path}.gap_money_cents", str(money)[:80])
        money = None
    return ClaimedStage(bound, None if gap is None else format_fraction(gap), money, proof)


def _is_bound_consistent(
    bound: Fraction | None, stage: ObjectiveStage, value: Fraction, *, optimal: bool
) -> bool:
    if bound is None:
        return not optimal
    excess = bound - value if stage.sense is Sense.MAXIMISE else value - bound
    if not optimal:
        return excess >= -_compute_rounding(bound)
    if not stage.tolerance:
        return format_fraction(bound) == format_fraction(value)
    return -_compute_rounding(bound) <= excess <= stage.tolerance * abs(bound) + _compute_rounding(bound)


def _is_gap_consistent(bound: Fraction | None, gap: Fraction | None, value: Fraction) -> bool:
    if bound is None or gap is None:
        return bound is None and gap is None
    exact = abs(bound - value)
    if format_fraction(exact) == format_fraction(gap):
        return True
    return bool(_compute_rounding(bound)) and abs(exact - gap) <= _compute_rounding(bound)


def _compute_rounding(bound: Fraction) -> Fraction:
    """Return how far a bound may be from the figure that was rounded into its text.

    A text that was rounded has at most `_DIGITS_KEPT` digits, and fewer where the last ones were zeros. Two whole
    numbers are never so near: a whole bound that is longer was not rounded.
    """
    digits = format_fraction(abs(bound)).replace(".", "").strip("0")
    rounding = abs(bound) * Fraction(1, 10 ** (_DIGITS_KEPT - 1))
    is_exact = len(digits) > _DIGITS_KEPT or (bound.denominator == 1 and rounding >= 1)
    return Fraction(0) if is_exact else rounding


def check_run_words(
    summary: Mapping[str, object], notes: set[str], claims: Sequence[RunClaim], defects: Defects
) -> None:
    """Check the claims on the whole run: stop, method, publishable, canonical, and warnings on the evidence."""
    note = _Notes("", defects)
    stopped, canonical = summary.get("stopped_by"), summary.get("canonical")
    if not any(stopped is word or stopped == word for word in STOPS):
        note.add("stopped_by", str(stopped)[:80])
    if summary.get("method") not in METHODS:
        note.add("method", str(summary.get("method"))[:80])
    good = summary.get("proof") in PROOFS[1:]
    if summary.get("publishable") is not good:
        note.add("publishable", f"{summary.get('publishable')}, proof {summary.get('proof')}")
    if canonical is True and (summary.get("status") != "optimal" or stopped is not None):
        note.add("canonical", f"{canonical}, status {summary.get('status')}, stopped_by {stopped}")
    wanted = {
        (NOT_PROVED.code, ONE_SOLVER.code, OUTSIDE_LIST.code): any(
            claim.status == "feasible" for claim in claims
        ),
        ("not-cross-checked",): any(claim.proof == PROOFS[0] for claim in claims),
    }
    for codes, due in wanted.items():
        if due != any(code in notes for code in codes):
            note.add("warnings", f"{' / '.join(codes)}: {'absent' if due else 'present'}")
    ties = summary.get("canonical_proof")
    if canonical is not True and isinstance(ties, dict) and ties.get("list") is not None:
        note.add("canonical_proof.list", f"{str(ties['list'])[:80]}, canonical {canonical}")
    unsure = bool(notes & {doubt.code for doubt in EVIDENCE})
    if canonical is not (not unsure):
        note.add("canonical", f"{canonical}, {', '.join(sorted(notes)) or '—'}")
    if NOT_CANONICAL.code in notes and all(claim.status != "optimal" for claim in claims):
        note.add("warnings", NOT_CANONICAL.code)


def check_shape(summary: Mapping[str, object], defects: Defects) -> None:
    """Check that `seconds` holds numbers by phase and `versions` holds texts by package."""
    note = _Notes("", defects)
    seconds = summary.get("seconds")
    if not _is_valid_mapping(seconds, lambda value: type(value) in (int, float) and 0 <= value < 1e9):
        note.add("seconds", str(seconds)[:80])
    versions = summary.get("versions")
    if not _is_valid_mapping(versions, lambda value: isinstance(value, str) and bool(value)):
        note.add("versions", str(versions)[:80])


def _is_valid_mapping(value: Any, holds: Any) -> bool:
    return isinstance(value, dict) and bool(value) and all(holds(part) for part in value.values())


TRIED = 20
"""Dossiers that `list_improving_dossiers` tries, at most."""


def list_improving_dossiers(
    problem: Problem, allocation: Allocation, reading: AllocationReading, why: Reasons
) -> list[Defect]:
    """List the dossiers whose addition would be feasible and better, among those that no named rule excludes."""
    if any(stage.tolerance for stage in problem.stages):
        return []
    idle = (why.code == "crowded_out") & (why.rule == "")
    result = []
    for row in np.flatnonzero(idle.to_numpy())[:TRIED].tolist():
        funded, granted = allocation.funded.copy(), allocation.granted_cents.copy()
        funded[row] = True
        granted[row] = problem.offers.least_cents[row]
        more = Allocation(funded, granted)
        read = read_allocation(problem, more)
        if is_better(problem, read.values, reading.values) and not list_broken_rules(problem, more, read):
            name = problem.case.table["dossier"][row]
            result.append(
                Defect(
                    "optimal",
                    _('the allocation is not optimal: funding "{name}" too is better.', name=name),
                )
            )
    return result


LEAST = ("granted", "minimise")
"""Goal and sense of the tie-break « least granted », listed after the stages."""


def compare_solver_claims(
    stored: object, where: str, stages: Sequence[ObjectiveStage], values: Sequence[Fraction], claim: RunClaim
) -> list[Defect]:
    """Return a defect for each solver claim in `stages` that contradicts the summary or the exact reading.

    Parameters
    ----------
    stored
        `stages` of the decision's part of certificate.json.
    where
        Prefix of the paths named in defects.
    stages, values
        The decision's stages and their exact values.
    claim
        What the summary claims of them.
    """
    entries = stored if isinstance(stored, list) else []
    wanted = [(stage.goal, stage.sense.value) for stage in stages]
    rendered = [(one.get("goal"), one.get("sense")) if isinstance(one, dict) else None for one in entries]
    whole = rendered in (wanted, [*wanted, LEAST])
    cut_short = (
        claim.status != "optimal"
        and len(rendered) < len(wanted)
        and rendered == wanted[: len(rendered)]
        and (bool(rendered) or all(goal.bound is None for goal in claim.goals))
    )
    if not (whole or cut_short):
        return [_build_claim_defect(f"{where}stages", str(rendered)[:80])]
    result = []
    for k, (stage, value, goal) in enumerate(zip(stages, values, claim.goals, strict=True)):
        if k >= len(entries):
            break
        entry, path = entries[k], f"{where}stages[{k}]"
        if claim.status == "optimal" and entry.get("termination") != "optimal":
            result.append(_build_claim_defect(f"{path}.termination", str(entry.get("termination"))[:80]))
        if entry.get("bound") != format_fraction(goal.bound):
            result.append(_build_claim_defect(f"{path}.bound", str(entry.get("bound"))[:80]))
        if not stage.tolerance and entry.get("value") != format_fraction(value):
            result.append(_build_claim_defect(f"{path}.value", str(entry.get("value"))[:80]))
    return result


def _build_claim_defect(path: str, what: str) -> Defect:
    return Defect(
        f"certificate:{path}",
        _(
            'certificate.json: "{path}" contradicts summary.json or what was read again ({difference}).',
            path=path,
            difference=what,
        ),
        (Place(file=CERTIFICATE),),
    )
