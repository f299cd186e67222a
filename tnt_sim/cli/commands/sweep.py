"""`tnt-sim sweep`: optimum for amounts of an envelope, or one marginal question instead of the curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tnt_sim.cli.commands.compare import check_out, write_report
from tnt_sim.cli.commands.export import ForceOption
from tnt_sim.cli.commands.run import format_path
from tnt_sim.cli.console import (
    INTERRUPTED_AND_TOLD,
    build_hint,
    emit,
    format_arguments,
    get_width,
    print_page,
    show_remaining_time,
)
from tnt_sim.cli.options import (
    BackendOption,
    CrossCheckOption,
    JsonOption,
    LangOption,
    QuietOption,
    ScenarioArgument,
    SetOption,
    TimeLimitOption,
    parse_lang,
    parse_seconds,
)
from tnt_sim.documents import dump_document
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import Lang, Text

if TYPE_CHECKING:
    from tnt_sim.analysis.marginal.questions import MarginalAnswer
    from tnt_sim.analysis.sweep.document import SweepDocument
    from tnt_sim.analysis.sweep.plan import SweepPlan
    from tnt_sim.analysis.sweep.store import PointStore
    from tnt_sim.scenario.scenario import ScenarioData

NextOption = Annotated[
    bool, typer.Option("--next", help="Ce que vaut l'euro suivant, par enveloppe et par règle.")
]
EntriesOption = Annotated[
    bool, typer.Option("--entries", help="Le seuil d'entrée de chaque dossier, sur la plage.")
]
DossierOption = Annotated[
    list[str] | None,
    typer.Option("--dossier", metavar="ID", help="Avec --entries : ce dossier au centime près."),
]
TargetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--target",
        metavar="CIBLE",
        help="La plus petite enveloppe qui l'atteint : all, +400, departments, every:COLONNE, MESURE=N, "
        "MESURE=+N, rules, rule:ID.",
    ),
]
PricesOption = Annotated[
    bool, typer.Option("--prices", help="Ce que coûte chaque règle, cloison ou décision.")
]
ExtendOption = Annotated[
    str | None, typer.Option("--extend", metavar="MONTANT", help="Où mettre une extension de ce montant.")
]
KeyOption = Annotated[
    str | None,
    typer.Option(
        "--key", metavar="ID=POIDS,…", help="Avec --extend : la clé ; les montants écrits par défaut."
    ),
]


@dataclass(frozen=True)
class MarginalRequest:
    """Question asked instead of the curve, with the options of the curve given too."""

    next: bool = False
    entries: bool = False
    target: Sequence[str] = ()
    prices: bool = False
    extend: str | None = None
    dossier: Sequence[str] = ()
    key: str | None = None
    envelopes: Sequence[str] = ()
    curve: Mapping[str, Any] | None = None

    @property
    def question(self) -> str | None:
        """Return the option that asks the question; None for the curve.

        Raises
        ------
        UsageError
            For two questions at once, or options that belong to another one.
        """
        request = {
            "--next": self.next,
            "--entries": self.entries,
            "--target": bool(self.target),
            "--prices": self.prices,
            "--extend": self.extend is not None,
        }
        named = [name for name, given in request.items() if given]
        if len(named) > 1:
            raise _build_together_error(named[0], named[1])
        only = named[0] if named else None
        if self.dossier and only != "--entries":
            raise _refuse_together("--dossier", "--entries")
        if self.key is not None and only != "--extend":
            raise _refuse_together("--key", "--extend")
        written = [
            name for name, value in (self.curve or {}).items() if value not in (None, False, (), [], "free")
        ]
        retained = ("--from", "--to", "--at", "--steps", "--share", "--nested", "--exact", "--free")
        if only is None:
            return None
        for name in written:
            if only != "--entries" or name not in retained:
                raise _build_together_error(only, name)
        if only in ("--extend",) and self.envelopes:
            raise _build_together_error("--extend", "--envelope")
        if only in ("--entries", "--target", "--prices") and len(self.envelopes) > 1:
            raise UsageError(
                Text(f"{only} regarde une seule enveloppe.", f"{only} looks at one envelope."),
                code="usage.envelope",
            )
        return only


def run_question(
    options: MarginalRequest,
    scenario: ScenarioData,
    *,
    lang: Lang,
    time_limit: float | None,
    out: Path | None,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Answer the question, write its page, and return the exit code.

    4 if no amount reaches any of the targets, 5 if a limit came before that was known.
    """
    from tnt_sim.reporting.reports.marginal import render_question

    if out is not None:
        check_out(out, force=force)
    with show_remaining_time(lang, wanted=not quiet) as tell:
        answer = _solve_question(
            options, scenario, {"time_limit": time_limit, "lang": lang, "progress": tell}
        )
    document = answer.data
    if out is not None:
        from tnt_sim.reporting.reports.marginal import build_report

        write_report(out, build_report(document, lang), lang)
    if as_json:
        emit(answer.document)
    elif not quiet:
        print_page(render_question(document, lang=lang, width=get_width()))
    if document.stopped_by == "interrupt":
        return INTERRUPTED_AND_TOLD
    return {"infeasible": INFEASIBLE, "stopped": STOPPED}.get(document.status, 0)


def _solve_question(
    request: MarginalRequest, scenario: ScenarioData, options: Mapping[str, Any]
) -> MarginalAnswer:
    from tnt_sim.analysis.marginal import questions

    question = request.question
    text = request.envelopes[0] if request.envelopes else None
    if question == "--next":
        return questions.next_euro(scenario, envelopes=request.envelopes or None, **options)
    if question == "--target":
        return questions.target(scenario, *request.target, envelope=text, **options)
    if question == "--prices":
        return questions.prices(scenario, envelope=text, **options)
    if question == "--extend":
        return questions.extension(scenario, request.extend or "", key=_parse_key(request.key), **options)
    curve = request.curve or {}
    return questions.entries(
        scenario,
        envelope=text,
        start=curve.get("--from"),
        stop=curve.get("--to"),
        at=curve.get("--at") or (),
        steps=curve.get("--steps"),
        share=curve.get("--share") or "free",
        nested=bool(curve.get("--nested")),
        dossiers=request.dossier,
        **options,
    )


def _parse_key(text: str | None) -> dict[str, int] | None:
    """Parse "axe-1=30,axe-2=24" as weights."""
    if text is None:
        return None
    weights: dict[str, int] = {}
    for part in text.split(","):
        name, sign, number = (piece.strip() for piece in part.partition("="))
        if not sign or not number.isdigit() or not name or name in weights:
            raise UsageError(
                Text(
                    f"--key « {text} » : écrivez axe-1=30,axe-2=24, chaque axe une fois et un poids entier.",
                    f'--key "{text}": write axe-1=30,axe-2=24, each axis once and a whole weight.',
                ),
                code="usage.key",
            )
        weights[name] = int(number)
    return weights


def _build_together_error(option: str, other: str) -> UsageError:
    return UsageError(
        Text(f"{option} et {other} ne vont pas ensemble.", f"{option} and {other} do not go together."),
        code="usage.together",
    )


def _refuse_together(option: str, other: str) -> UsageError:
    return UsageError(
        Text(f"{option} ne va qu'avec {other}.", f"{option} only goes with {other}."), code="usage.together"
    )


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
    parse_lang(lang, Lang.FR)
    seconds = parse_seconds(time_limit)
    names = [name for text in envelope or () for name in text.split(",") if name]
    question = MarginalRequest(
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
    from tnt_sim.analysis.sweep.plan import build_plan
    from tnt_sim.analysis.sweep.runner import run
    from tnt_sim.api.sweep import build_sweep
    from tnt_sim.reporting.reports.sweep import write_sweep
    from tnt_sim.scenario.load import load_scenario

    variant = load_scenario(scenario, tuple(sets or ()))
    tongue = parse_lang(lang, Lang(variant.spec.locale))
    limit = variant.spec.solver.time_limit if seconds is None else seconds
    if asks:
        code = run_question(
            question,
            variant,
            lang=tongue,
            time_limit=limit,
            out=out,
            force=force,
            as_json=as_json,
            quiet=quiet,
        )
        if code == 0 and not as_json and not quiet:
            print_page(
                build_hint(f"sweep {question.question}", tongue, format_arguments(scenario, sets=sets))
            )
        return code
    if force:
        raise UsageError(
            Text(
                "--force ne va qu'avec une question et --out : un balayage ne remplace que le sien.",
                "--force only goes with a question and --out: a sweep replaces nothing but its own.",
            ),
            code="usage.together",
        )
    plan = build_plan(
        variant,
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
    folder, store = _open_store(plan, out, resume=resume)
    solver = variant.spec.solver
    with show_remaining_time(tongue, wanted=not quiet) as report_progress:
        outcome = run(
            plan,
            store=store,
            time_limit=limit,
            backend=backend or solver.backend,
            cross_check=cross_check or "never",
            report_progress=report_progress,
        )
        told = build_sweep(outcome, tongue)
        document = replace(told.data, sweep_dir=format_path(folder))
        write_sweep(document, folder, tongue)
    if as_json:
        emit(dump_document(document))
    elif not quiet:
        from tnt_sim.reporting.reports.progress import render_interruption
        from tnt_sim.reporting.reports.sweep import render_sweep

        print_page(
            render_sweep(document, lang=tongue, width=get_width())
            + render_interruption(document, tongue, get_width())
        )
        print_page(build_hint("sweep", tongue, format_arguments(scenario, sets=sets)))
    return _determine_exit_code(document)


def _open_store(plan: SweepPlan, out: Path | None, *, resume: bool) -> tuple[Path, PointStore]:
    """Return the folder of the sweep, and its store of points."""
    from tnt_sim.analysis.sweep.store import PointStore
    from tnt_sim.disk import build_write_error, quote_path
    from tnt_sim.engine.stored_run import hash_code
    from tnt_sim.reporting.reports.sweep import POINTS, get_sweep_folder

    key = plan.compute_key(hash_code())
    folder = get_sweep_folder(plan.scenario, key, out)
    try:
        return folder, PointStore.open(folder / POINTS, key, resume=resume)
    except OSError as error:
        raise build_write_error(quote_path(folder), error) from error


def _determine_exit_code(document: SweepDocument) -> int:
    """Return 0 done, 4 infeasible at every amount, 5 stopped without an allocation, 130 interrupted."""
    if document.stopped_by == "interrupt":
        return INTERRUPTED_AND_TOLD
    entries = [one for point in document.points for one in (point.free, point.nested) if one is not None]
    if any(entry.objective for entry in entries):
        return 0
    stopped = document.stopped_by == "time" or any(entry.status == "stopped" for entry in entries)
    return STOPPED if stopped else INFEASIBLE
