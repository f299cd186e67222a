"""What is said of a decision's evidence: why it stopped, what is not confirmed, and the certificate."""

from __future__ import annotations

from tnt_sim.errors import Defect, DisagreementError, Text
from tnt_sim.solve.backend import Termination
from tnt_sim.solve.canonical import Canonical
from tnt_sim.solve.cross_check import CrossCheck
from tnt_sim.solve.lexicographic import StagesOutcome

_STOPS = {
    Termination.TIME_LIMIT: "time",
    Termination.NODE_LIMIT: "nodes",
    Termination.SOLUTION_LIMIT: "nodes",
    Termination.MEMORY_LIMIT: "memory",
    Termination.INTERRUPTED: "interrupt",
}


def stopped_by(outcome: StagesOutcome, tie_break: Canonical) -> str | None:
    interrupted = tie_break.termination is Termination.INTERRUPTED
    word = tie_break.termination if outcome.is_optimal or interrupted else outcome.termination
    return _STOPS.get(word)


def stopped_warning(optimal: bool, tie_break: Canonical) -> tuple[Defect, ...]:
    if not optimal:
        return (
            Defect(
                "not-proved",
                Text(
                    "le calcul s'est arrêté avant la preuve : une meilleure répartition peut exister.",
                    "the run stopped before the proof: a better allocation may exist.",
                ),
                hint=Text("Augmentez `time_limit`.", "Raise `time_limit`."),
            ),
        )
    if not tie_break.proven:
        return (
            Defect(
                "not-canonical",
                Text(
                    "le départage des ex æquo n'est pas achevé : une autre liste vaut autant.",
                    "ties are not broken to the end: another list is worth as much.",
                ),
                hint=Text("Augmentez `time_limit`.", "Raise `time_limit`."),
            ),
        )
    return ()


def not_confirmed(checked: CrossCheck) -> tuple[Defect, ...]:
    if checked.agrees:
        return ()
    return (
        Defect(
            "not-cross-checked",
            Text(
                f"résultat non publiable : {checked.reason.fr}.",
                f"the result is not publishable: {checked.reason.en}.",
            ),
            hint=Text(
                "Installez un second solveur (`pip install tnt-sim[crosscheck]`, ou CBC ou GLPK).",
                "Install a second solver (`pip install tnt-sim[crosscheck]`, or CBC or GLPK).",
            ),
        ),
    )


def disagreement(checked: CrossCheck) -> DisagreementError:
    stages = "; ".join(
        f"{stage.name}: {stage.expected} / {stage.found} ({stage.solver})" for stage in checked.stages
    )
    return DisagreementError(
        Text(
            f"deux solveurs ne sont pas d'accord ({checked.reason.fr}) : {stages}. Rien n'est retenu.",
            f"two solvers do not agree ({checked.reason.en}): {stages}. Nothing is decided.",
        )
    )


def certificate(
    outcome: StagesOutcome, tie_break: Canonical | None, checked: CrossCheck
) -> dict[str, object]:
    """What supports the proof, in the model's whole units and without any clock."""
    return {
        "schema_version": 1,
        "stages": [
            {
                "goal": found.name,
                "sense": found.sense.value,
                "value": found.value,
                "bound": found.bound,
                "termination": found.termination.value,
                "solver": found.solver,
                "repairs": [f"{repair.kind.value}: {repair.detail}" for repair in found.repairs],
            }
            for found in outcome.stages
        ],
        "tie_break": None if tie_break is None else {"proven": tie_break.proven, "n_open": tie_break.n_open},
        "cross_check": {
            "verdict": checked.verdict.value,
            "solver": checked.solver,
            "stages": [
                {
                    "goal": stage.name,
                    "verdict": stage.verdict.value,
                    "solver": stage.solver,
                    "found": stage.found,
                }
                for stage in checked.stages
            ],
        },
    }


def solver_log(outcome: StagesOutcome) -> str:
    return "".join(f"== {found.name} ==\n{found.log}" for found in outcome.stages)
