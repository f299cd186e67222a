"""A sweep for Python users: its table, its pictures, its files; and `tnt_sim.sweep` that makes one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from tnt_sim.disk import parquet_bytes
from tnt_sim.errors import Lang, Text, UsageError
from tnt_sim.money import MoneyError, parse_cents
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.study.moved import FREE
from tnt_sim.study.sweep.document import document_of
from tnt_sim.study.sweep.plan import plan_of
from tnt_sim.study.sweep.run import Found, Tell, run
from tnt_sim.view import sweep_tables
from tnt_sim.view.frame import PAGE_WIDTH, lines_html
from tnt_sim.view.put_file import put_file
from tnt_sim.view.sweep_lines import sweep_lines


@dataclass(frozen=True)
class Sweep:
    """What a bigger or smaller envelope buys, at each amount.

    Attributes
    ----------
    document : the document of `tnt-sim sweep --json`: amounts in integer cents, exact decimals as text
    found : the points themselves, with their allocations by rank of the dossiers
    lang : the language of its sentences
    """

    document: Mapping[str, Any]
    found: Found = field(repr=False)
    lang: Lang

    def summary(self) -> Mapping[str, Any]:
        """The document."""
        return self.document

    def to_dataframe(self, backend: str = "polars", *, table: str = "points") -> Any:
        """One of the tables: `points`, `envelopes`, `dossiers` or `steps`; amounts in integer cents.

        Raises
        ------
        ValueError
            For a table or a backend that does not exist.
        """
        makers = {
            "points": sweep_tables.point_frame,
            "envelopes": sweep_tables.envelope_frame,
            "dossiers": sweep_tables.dossier_frame,
            "steps": sweep_tables.step_frame,
        }
        if table not in makers:
            raise ValueError(f"table must be one of {', '.join(makers)}, not {table!r}")
        frame: pl.DataFrame = makers[table](self.document)
        if backend == "polars":
            return frame
        if backend == "pandas":
            return frame.to_pandas()
        raise ValueError(f"backend must be 'polars' or 'pandas', not {backend!r}")

    def plot(self, kind: str = "curve") -> Any:
        """A picture as an Altair chart: `curve`, `figures`, `ladder` or `envelopes`; needs the extra `charts`."""
        from tnt_sim.view.charts import sweep_chart

        return sweep_chart(self.document, kind, self.lang)

    def to_json(self, path: str | Path | None = None) -> str:
        """The document as JSON text, written to a file as well where one is named."""
        text = json.dumps(self.document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
        return _kept(text, path)

    def to_html(self, path: str | Path | None = None) -> str:
        """The page, its pictures inside; written to a file as well where one is named."""
        from tnt_sim.view.sweep_page import sweep_html

        return _kept(sweep_html(self.document, self.lang), path)

    def to_excel(self, path: str | Path) -> Path:
        """The workbook; gives its path."""
        from tnt_sim.view.sweep_sheets import sweep_xlsx

        target = Path(path)
        put_file(target, sweep_xlsx(self.document, self.lang))
        return target

    def to_parquet(self, path: str | Path, *, table: str = "points") -> Path:
        """One of the tables of `to_dataframe` as Parquet; gives its path."""
        target = Path(path)
        put_file(target, parquet_bytes(self.to_dataframe(table=table)))
        return target

    def _repr_html_(self) -> str:
        """What a notebook shows: the sentences and the curve's table, without the page around them."""
        return lines_html(sweep_lines(self.document, lang=self.lang, width=PAGE_WIDTH), self.lang)


def sweep(
    scenario: Scenario,
    envelope: str | Sequence[str] = (),
    start: str | int | None = None,
    stop: str | int | None = None,
    *,
    steps: int | None = None,
    at: Sequence[str | int] = (),
    share: str = FREE,
    exact: bool = False,
    free: bool = False,
    nested: bool = False,
    tolerance: str | None = None,
    time_limit: float | None = None,
    backend: str | None = None,
    cross_check: str = "never",
    lang: Lang | str | None = None,
    progress: Tell | None = None,
) -> Sweep:
    """What another envelope buys, from `start` to `stop`.

    Parameters
    ----------
    envelope : the id of the envelope that moves, or several; the programme by default
    start, stop : « 88 M€ », « 50 % » of the written amount, or whole euros; the written amount by default
    steps : n equal steps, hence n + 1 amounts; round figures by default
    at : the amounts one by one instead: the announcements of the nested curve
    share : how what is under the envelope follows: `free`, `pro_rata`, or the id of one envelope under it
    exact : every step of the free curve
    free, nested : one curve; both by default
    tolerance : refine the free curve between the amounts until its band is nowhere wider: « 0,5 % » of the value,
        or a number of units of the first goal
    time_limit : seconds for all of it; the scenario's choice by default
    progress : called with the name of a phase and the share of it that is done

    Raises
    ------
    UsageError
        For what cannot be asked: see `plan_of`.
    """
    names = (envelope,) if isinstance(envelope, str) else tuple(envelope)
    _refuse_amounts(scenario, names)
    plan = plan_of(
        scenario,
        envelopes=[name for name in names if name],
        start=start,
        stop=stop,
        steps=steps,
        at=at,
        share=share,
        exact=exact,
        free=free,
        nested=nested,
        tolerance=tolerance,
    )
    solver = scenario.spec.solver
    found = run(
        plan,
        time_limit=solver.time_limit if time_limit is None else time_limit,
        backend=backend or solver.backend,
        cross_check=cross_check,
        tell=progress,
    )
    return sweep_of(found, lang)


def _refuse_amounts(scenario: Scenario, names: Sequence[str]) -> None:
    """An amount in the place of an envelope: `start` and `stop` come after it."""
    known = {spec.id for spec, _ in scenario.spec.programme.walk()}
    for name in names:
        if name in known or not _is_amount(name):
            continue
        raise UsageError(
            Text(
                f"« {name} » est un montant, et le premier argument après le scénario est une enveloppe. start et "
                f'stop sont les deuxième et troisième : écrivez tnt.sweep(s, start="{name}", stop=…).',
                f'"{name}" is an amount, and the first argument after the scenario is an envelope. start and stop '
                f'are the second and third arguments: write tnt.sweep(s, start="{name}", stop=…).',
            ),
            code="usage.envelope",
        )


def _is_amount(text: str) -> bool:
    """Whether a text is an amount or a percentage."""
    try:
        parse_cents(text.strip().removesuffix("%").strip())
    except MoneyError:
        return False
    return True


def sweep_of(found: Found, lang: Lang | str | None = None) -> Sweep:
    """What was found, told."""
    tongue = Lang(lang or found.plan.scenario.spec.locale)
    return Sweep(document_of(found, tongue), found, tongue)


def _kept(text: str, path: str | Path | None) -> str:
    if path is not None:
        put_file(Path(path), text.encode())
    return text
