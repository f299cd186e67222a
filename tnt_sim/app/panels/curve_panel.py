"""The curve under a slider as HTML: the picture, the present amount, a sentence for each place of the slider."""

from __future__ import annotations

import json
from fractions import Fraction

from markupsafe import Markup

from tnt_sim.app.amount_curve import AmountCurve, CurvePiece
from tnt_sim.app.live_answers import LiveAnswer
from tnt_sim.app.panels.result_panels import Drawer
from tnt_sim.i18n.message import Capitalised, Lang, Text, _, _n
from tnt_sim.i18n.numbers import format_decimal, format_euros, format_integer, format_round_amount
from tnt_sim.reporting.charts.amount_curve import MOST_VERTICES, KnownAmounts, draw_amount_curve
from tnt_sim.reporting.charts.svg import write_cents, write_number
from tnt_sim.rules.linear_terms import Unit
from tnt_sim.values.answer_values import label_goal
from tnt_sim.verify.run_document import format_fraction


def render_curve(drawer: Drawer, curve: AmountCurve, answer: LiveAnswer, cents: int, step_cents: int) -> str:
    """Return the curve of an envelope, with its present amount and the step of its slider."""
    if not curve.pieces:
        return ""
    lang, writer = drawer.lang, _ValueWriter(answer, drawer.lang)
    n_funded = int(answer.allocation.funded.sum())
    after = curve.find_next(cents, n_funded)
    title = writer.title
    picture = draw_amount_curve(
        [_convert_piece(piece, writer) for piece in curve.pieces],
        (curve.low_cents, curve.high_cents),
        (cents, None if after is None else after.cents),
        writer.write_axis,
        title,
        lang,
        rises=curve.rises,
    )
    grid = range(-(-curve.low_cents // step_cents) * step_cents, curve.high_cents + 1, step_cents)
    places = {
        "low": curve.low_cents,
        "high": curve.high_cents,
        "start": picture.start,
        "stop": picture.stop,
        "first": grid.start,
        "step": step_cents,
        "says": [_describe_place(curve, at, writer, lang) for at in grid],
    }
    return drawer.render_macro(
        "curve",
        {
            "title": title,
            "svg": Markup(picture.svg),
            "places": json.dumps(places, ensure_ascii=False, separators=(",", ":")),
            "says": _describe_here(curve, answer, cents, writer, lang),
            "note": _describe_evidence(curve).in_(lang),
        },
    )


def _convert_piece(piece: CurvePiece, writer: _ValueWriter) -> KnownAmounts:
    n = len(piece.cents)
    places = sorted({*range(0, n, max(1, -(-n // MOST_VERTICES))), n - 1})
    vertices = [(int(piece.cents[k]), writer.to_float(piece.scale * int(piece.units[k]))) for k in places]
    return KnownAmounts(vertices, piece.until_cents if piece.is_window else None, piece.is_proven)


class _ValueWriter:
    """Writes values of the first objective of an answer."""

    def __init__(self, answer: LiveAnswer, lang: Lang) -> None:
        stage = answer.problem.stages[0]
        self._has_money, self._lang = stage.terms.unit is Unit.MONEY, lang
        self.title = Capitalised(_("{goal}, by amount", goal=label_goal(stage.goal))).in_(lang)

    def to_float(self, value: Fraction) -> float:
        """Return a value for an axis: cents of money."""
        return float(value * 100) if self._has_money else float(value)

    def write_axis(self, value: float, lang: Lang) -> str:
        """Write a number of the axis."""
        return write_cents(value, lang) if self._has_money else write_number(value, lang)

    def write(self, value: Fraction) -> str:
        """Write a value exactly."""
        text = format_fraction(value)
        return format_euros(text, self._lang) if self._has_money else format_decimal(text, self._lang)


def _describe_here(
    curve: AmountCurve, answer: LiveAnswer, cents: int, writer: _ValueWriter, lang: Lang
) -> str:
    """Write what the answer of the page is worth, and the next amount that funds more."""
    value, n_funded = Fraction(answer.reading.values[0]), int(answer.allocation.funded.sum())
    return _describe_point(curve, cents, writer.write(value), n_funded, lang)


def _describe_place(curve: AmountCurve, cents: int, writer: _ValueWriter, lang: Lang) -> str:
    """Write what is known at an amount of the slider."""
    point = curve.find_point(cents)
    if point is not None:
        return _describe_point(curve, cents, writer.write(point.value), point.n_funded, lang)
    bounds = curve.find_range(cents)
    amount = format_round_amount(cents, lang)
    if bounds is None:
        return _("{amount}: not computed yet.", amount=amount).in_(lang)
    if bounds[0] == bounds[1]:
        return _("{amount}: {value}.", amount=amount, value=writer.write(bounds[0])).in_(lang)
    return _(
        "{amount}: between {low} and {high}.",
        amount=amount,
        low=writer.write(bounds[0]),
        high=writer.write(bounds[1]),
    ).in_(lang)


def _describe_point(curve: AmountCurve, cents: int, value: str, n_funded: int, lang: Lang) -> str:
    n = format_integer(n_funded, lang)
    sentence = _("{amount}: {value}, {n} funded.", amount=format_round_amount(cents, lang), value=value, n=n)
    after = curve.find_next(cents, n_funded)
    if after is None:
        return sentence.in_(lang)
    rest = _n(
        "{n} application more at {amount}.",
        "{n} applications more at {amount}.",
        n=after.n_funded - n_funded,
        amount=format_round_amount(after.cents, lang),
    )
    return f"{sentence.in_(lang)} {rest.in_(lang)}"


def _describe_evidence(curve: AmountCurve) -> Text:
    """Write how much of the curve is exact, and what is not proven."""
    windows = [piece for piece in curve.pieces if piece.is_window]
    covered = sum(piece.until_cents - int(piece.cents[0]) for piece in windows)
    unproven = sum(not piece.is_proven for piece in curve.pieces)
    if covered >= curve.high_cents - curve.low_cents and not any(piece.gaps for piece in windows):
        return _("Every step is exact.")
    n = len(curve.pieces) - len(windows)
    if windows and not n:
        return _("The line is exact, to the cent.")
    if windows:
        return _("The line is exact, to the cent; dots were computed one by one.")
    if unproven:
        return _n(
            "{n} amount computed, {unproven} not proven (hollow).",
            "{n} amounts computed, {unproven} not proven (hollow).",
            n=n,
            unproven=unproven,
        )
    return _n("{n} amount computed and proven.", "{n} amounts computed, all proven.", n=n)
