"""`extension-shares`: ways to share an extra amount between the axes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated

from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import N_, _
from tnt_sim.studies.options import TypedOption
from tnt_sim.studies.study import Ask, Study

if TYPE_CHECKING:
    from tnt_sim.analysis.marginal.document import ExtensionDocument


def parse_key(text: str) -> dict[str, int]:
    """Parse "axe-1=30,axe-2=24" as weights.

    Raises
    ------
    UsageError
        For another form.
    """
    weights: dict[str, int] = {}
    for part in text.split(","):
        name, sign, number = (piece.strip() for piece in part.partition("="))
        if not sign or not number.isdigit() or not name or name in weights:
            raise UsageError(
                _('--key "{typed}": write axe-1=30,axe-2=24, each axis once and a whole weight.', typed=text),
                code="usage.key",
            )
        weights[name] = int(number)
    return weights


def parse_cents(amount: str | int) -> int:
    """Return an amount in cents: text such as "10 M€", or whole euros.

    Raises
    ------
    UsageError
        If it is no amount.
    """
    from tnt_sim.domain.money import MoneyError
    from tnt_sim.domain.money import parse_cents as parse

    if isinstance(amount, int):
        return amount * 100
    try:
        return parse(amount)
    except MoneyError as error:
        raise UsageError(
            _('"{amount}" is not an amount: {error}. Write "10 M€".', amount=amount, error=error.text),
            code="usage.amount",
        ) from error


@partial(
    Study,
    verb="extension-shares",
    help=N_("Compares ways to share an extra amount: chosen by the model, by a key, or all on one axis."),
    note=N_('"tnt-sim extend" first says whether a transfer between envelopes is not enough.'),
    examples="""\
  tnt-sim extension-shares scenario.yaml "200 k€"
  tnt-sim extension-shares scenario.yaml "200 k€" --key numerique=3,mobilites=2
""",
    title=_("where to put the extension"),
    document="analysis.marginal.document.ExtensionDocument",
    table="ways",
    answer="tnt_sim.studies.extension_shares.answer",
    next=("extend {it}",),
)
def extension_shares(
    ask: Ask,
    amount: Annotated[str | int, TypedOption("", N_("The extra amount to share."), N_("AMOUNT"))],
    *,
    key: Annotated[
        Mapping[str, int] | None,
        TypedOption(
            "--key", N_("The sharing key; the written amounts by default."), N_("ID=WEIGHT,…"), parse_key
        ),
    ] = None,
) -> ExtensionDocument:
    """Compare ways to share an extra amount: chosen by the model, by a key, or all on one axis.

    Parameters
    ----------
    amount : text such as "10 M€", or whole euros
    key : weights by axis. Default: the written amounts

    Raises
    ------
    UsageError
        If the amount is invalid or not positive, or if the key is invalid.

    Examples
    --------
    >>> scenario.analyse.extension_shares("100 k€").to_dataframe().height > 2
    True
    """
    from tnt_sim.analysis.marginal.document import ExtensionDocument, build_head, build_reference_entry
    from tnt_sim.analysis.marginal.extension_allocation import ExtensionOption, optimise_extension_options

    cents, base = parse_cents(amount), ask.base
    ways, course = list[ExtensionOption](), ask.count("ways")
    with course.catch_limits():
        optimise_extension_options(
            base,
            cents,
            key=None if key is None else dict(key),
            clock=ask.clock,
            report_progress=ask.report,
            into=ways,
            course=course,
        )
    return ExtensionDocument(
        **build_head(base.problem, None, course, course.status, ask.lang),
        extra_cents=cents,
        base=build_reference_entry(base),
        ways=ways,
    )
