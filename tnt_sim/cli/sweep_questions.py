"""The questions that `tnt-sim sweep` answers instead of the curve: one at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tnt_sim.cli.compare import check_out, write_study
from tnt_sim.cli.speak import INTERRUPTED_AND_TOLD, emit, page, time_left_line, width
from tnt_sim.errors import Lang, Text, UsageError

if TYPE_CHECKING:
    from tnt_sim.scenario.scenario import Scenario
    from tnt_sim.study.questions import Answered

INFEASIBLE, STOPPED = 4, 5

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
class Asked:
    """What was asked instead of the curve, and the options of the curve that were given too."""

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
        """The option that asks it; None for the curve.

        Raises
        ------
        UsageError
            For two questions at once, or options that go with another one.
        """
        asked = {
            "--next": self.next,
            "--entries": self.entries,
            "--target": bool(self.target),
            "--prices": self.prices,
            "--extend": self.extend is not None,
        }
        named = [name for name, given in asked.items() if given]
        if len(named) > 1:
            raise _together(named[0], named[1])
        only = named[0] if named else None
        if self.dossier and only != "--entries":
            raise _alone("--dossier", "--entries")
        if self.key is not None and only != "--extend":
            raise _alone("--key", "--extend")
        given = [
            name for name, value in (self.curve or {}).items() if value not in (None, False, (), [], "free")
        ]
        kept = ("--from", "--to", "--at", "--steps", "--share", "--nested", "--exact", "--free")
        if only is None:
            return None
        for name in given:
            if only != "--entries" or name not in kept:
                raise _together(only, name)
        if only in ("--extend",) and self.envelopes:
            raise _together("--extend", "--envelope")
        if only in ("--entries", "--target", "--prices") and len(self.envelopes) > 1:
            raise UsageError(
                Text(f"{only} regarde une seule enveloppe.", f"{only} looks at one envelope."),
                code="usage.envelope",
            )
        return only


def answer_question(
    asked: Asked,
    scenario: Scenario,
    *,
    lang: Lang,
    time_limit: float | None,
    out: Path | None,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Answer it, tell it, write its page, and give the exit code.

    4 when no amount reaches any of the targets, 5 when a limit came before that was known.
    """
    from tnt_sim.view.money_lines import money_lines

    if out is not None:
        check_out(out, force=force)
    with time_left_line(lang, wanted=not quiet) as tell:
        found = _answered(asked, scenario, {"time_limit": time_limit, "lang": lang, "progress": tell})
    document = dict(found.document)
    if out is not None:
        from tnt_sim.view.question_page import question_study

        write_study(out, question_study(document, lang), lang)
    if as_json:
        emit(document)
    elif not quiet:
        page(money_lines(document, lang=lang, width=width()))
    if document["stopped_by"] == "interrupt":
        return INTERRUPTED_AND_TOLD
    return {"infeasible": INFEASIBLE, "stopped": STOPPED}.get(document["status"], 0)


def _answered(asked: Asked, scenario: Scenario, options: Mapping[str, Any]) -> Answered:
    from tnt_sim.study import questions

    question = asked.question
    one = asked.envelopes[0] if asked.envelopes else None
    if question == "--next":
        return questions.next_euro(scenario, envelopes=asked.envelopes or None, **options)
    if question == "--target":
        return questions.target(scenario, *asked.target, envelope=one, **options)
    if question == "--prices":
        return questions.prices(scenario, envelope=one, **options)
    if question == "--extend":
        return questions.extension(scenario, asked.extend or "", key=_key(asked.key), **options)
    curve = asked.curve or {}
    return questions.entries(
        scenario,
        envelope=one,
        start=curve.get("--from"),
        stop=curve.get("--to"),
        at=curve.get("--at") or (),
        steps=curve.get("--steps"),
        share=curve.get("--share") or "free",
        nested=bool(curve.get("--nested")),
        dossiers=asked.dossier,
        **options,
    )


def _key(text: str | None) -> dict[str, int] | None:
    """« axe-1=30,axe-2=24 » as weights."""
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


def _together(one: str, other: str) -> UsageError:
    return UsageError(
        Text(f"{one} et {other} ne vont pas ensemble.", f"{one} and {other} do not go together."),
        code="usage.together",
    )


def _alone(one: str, other: str) -> UsageError:
    return UsageError(
        Text(f"{one} ne va qu'avec {other}.", f"{one} only goes with {other}."), code="usage.together"
    )
