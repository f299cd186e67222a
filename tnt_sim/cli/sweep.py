"""`tnt-sim sweep`: what a bigger envelope buys, or a smaller one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tnt_sim.cli.export import ForceOption
from tnt_sim.cli.hints import after, typed
from tnt_sim.cli.options import (
    BackendOption,
    CrossCheckOption,
    JsonOption,
    LangOption,
    QuietOption,
    ScenarioArgument,
    SetOption,
    TimeLimitOption,
    lang_of,
    seconds_of,
)
from tnt_sim.cli.run import shown_path
from tnt_sim.cli.speak import INTERRUPTED_AND_TOLD, emit, page, time_left_line, width
from tnt_sim.cli.sweep_questions import (
    Asked,
    DossierOption,
    EntriesOption,
    ExtendOption,
    KeyOption,
    NextOption,
    PricesOption,
    TargetOption,
    answer_question,
)
from tnt_sim.errors import Lang, Text, UsageError

if TYPE_CHECKING:
    from tnt_sim.study.sweep.plan import Plan
    from tnt_sim.study.sweep.store import Store

STOPPED, INFEASIBLE = 5, 4

EnvelopeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--envelope",
        metavar="ID",
        help="L'enveloppe qui change, ou plusieurs ; le programme par défaut.",
    ),
]
FromOption = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="MONTANT",
        help='Le premier montant : "88 M€", ou "50 %" de l\'écrit ; l\'écrit par défaut.',
    ),
]
ToOption = Annotated[
    str | None,
    typer.Option(
        "--to", metavar="MONTANT", help="Le dernier montant, écrit de même ; un quart de plus par défaut."
    ),
]
StepsOption = Annotated[
    int | None,
    typer.Option("--steps", metavar="N", help="N pas égaux ; sans lui, des montants ronds."),
]
AtOption = Annotated[
    list[str] | None,
    typer.Option("--at", metavar="MONTANT", help="Un montant, autant de fois qu'il faut : les annonces."),
]
ExactOption = Annotated[bool, typer.Option("--exact", help="Tous les paliers de la courbe libre.")]
ToleranceOption = Annotated[
    str | None,
    typer.Option(
        "--tolerance",
        metavar="T",
        help='Resserre la courbe libre entre les montants : "0,5 %" de la valeur, ou des unités du but.',
    ),
]
NestedOption = Annotated[
    bool, typer.Option("--nested", help="Seulement la courbe qui tient les promesses d'avant.")
]
FreeOption = Annotated[bool, typer.Option("--free", help="Seulement la courbe libre.")]
ShareOption = Annotated[
    str,
    typer.Option(
        "--share",
        metavar="free|pro_rata|ID",
        help="Comment suivent les montants qui en dépendent.",
    ),
]
SweepOutOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="DIR|FICHIER",
        help="Le dossier qui reçoit le balayage ; pour une question, sa page (.html) ou son classeur (.xlsx).",
    ),
]
ResumeOption = Annotated[bool, typer.Option("--resume", help="Reprend là où le même balayage s'est arrêté.")]


def sweep(
    scenario: ScenarioArgument,
    envelope: EnvelopeOption = None,
    start: FromOption = None,
    stop: ToOption = None,
    steps: StepsOption = None,
    at: AtOption = None,
    exact: ExactOption = False,
    tolerance: ToleranceOption = None,
    nested: NestedOption = False,
    free: FreeOption = False,
    share: ShareOption = "free",
    resume: ResumeOption = False,
    next_euro: NextOption = False,
    entries: EntriesOption = False,
    dossier: DossierOption = None,
    target: TargetOption = None,
    prices: PricesOption = False,
    extend: ExtendOption = None,
    key: KeyOption = None,
    sets: SetOption = None,
    backend: BackendOption = None,
    time_limit: TimeLimitOption = None,
    cross_check: CrossCheckOption = None,
    out: SweepOutOption = None,
    force: ForceOption = False,
    lang: LangOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Dit ce qu'achète une enveloppe plus grande, ou plus petite."""
    lang_of(lang, Lang.FR)
    seconds = seconds_of(time_limit)
    names = [name for text in envelope or () for name in text.split(",") if name]
    question = Asked(
        next=next_euro,
        entries=entries,
        target=target or (),
        prices=prices,
        extend=extend,
        dossier=dossier or (),
        key=key,
        envelopes=names,
        curve={
            "--from": start,
            "--to": stop,
            "--steps": steps,
            "--at": at or (),
            "--exact": exact,
            "--tolerance": tolerance,
            "--nested": nested,
            "--free": free,
            "--share": share,
            "--resume": resume,
            "--backend": backend,
            "--cross-check": cross_check,
        },
    )
    asks = question.question is not None
    from tnt_sim.scenario.load import load_scenario
    from tnt_sim.study.sweep.plan import plan_of
    from tnt_sim.study.sweep.run import run
    from tnt_sim.study.sweep_object import sweep_of
    from tnt_sim.view.sweep_folder import write_sweep

    asked = load_scenario(scenario, tuple(sets or ()))
    tongue = lang_of(lang, Lang(asked.spec.locale))
    limit = asked.spec.solver.time_limit if seconds is None else seconds
    if asks:
        code = answer_question(
            question,
            asked,
            lang=tongue,
            time_limit=limit,
            out=out,
            force=force,
            as_json=as_json,
            quiet=quiet,
        )
        if code == 0 and not as_json and not quiet:
            page(after(f"sweep {question.question}", tongue, typed(scenario, sets=sets)))
        return code
    if force:
        raise UsageError(
            Text(
                "--force ne va qu'avec une question et --out : un balayage ne remplace que le sien.",
                "--force only goes with a question and --out: a sweep replaces nothing but its own.",
            ),
            code="usage.together",
        )
    plan = plan_of(
        asked,
        envelopes=names,
        start=start,
        stop=stop,
        steps=steps,
        at=at or (),
        share=share,
        exact=exact,
        free=free,
        nested=nested,
        tolerance=tolerance,
    )
    folder, store = _place(plan, out, resume=resume)
    solver = asked.spec.solver
    with time_left_line(tongue, wanted=not quiet) as tell:
        found = run(
            plan,
            store=store,
            time_limit=limit,
            backend=backend or solver.backend,
            cross_check=cross_check or "never",
            tell=tell,
        )
        told = sweep_of(found, tongue)
        document = {**told.document, "sweep_dir": shown_path(folder)}
        write_sweep(document, folder, tongue)
    if as_json:
        emit(document)
    elif not quiet:
        from tnt_sim.view.course_words import stopped_lines
        from tnt_sim.view.sweep_lines import sweep_lines

        page(sweep_lines(document, lang=tongue, width=width()) + stopped_lines(document, tongue, width()))
        page(after("sweep", tongue, typed(scenario, sets=sets)))
    return _exit_code(document)


def _place(plan: Plan, out: Path | None, *, resume: bool) -> tuple[Path, Store]:
    """The folder of the sweep, and the points that it keeps."""
    from tnt_sim.disk import named, refusal
    from tnt_sim.study.sweep.store import Store
    from tnt_sim.view.provenance import code_hash
    from tnt_sim.view.sweep_folder import POINTS, sweep_folder

    key = plan.key(code_hash())
    folder = sweep_folder(plan.scenario, key, out)
    try:
        return folder, Store.open(folder / POINTS, key, resume=resume)
    except OSError as error:
        raise refusal(named(folder), error) from error


def _exit_code(document: dict[str, Any]) -> int:
    """0 done, 4 nothing fits at any amount, 5 stopped with nothing held, 130 interrupted."""
    if document["stopped_by"] == "interrupt":
        return INTERRUPTED_AND_TOLD
    entries = [point[curve] for point in document["points"] for curve in ("free", "nested") if point[curve]]
    if any(entry["objective"] for entry in entries):
        return 0
    stopped = document["stopped_by"] == "time" or any(entry["status"] == "stopped" for entry in entries)
    return STOPPED if stopped else INFEASIBLE
