"""Plan of a sweep: amounts, curves and tolerance, with every invalid request refused before any solve.

Amounts are equally spaced with `steps`; otherwise they are round figures that people would
announce. A tolerance is the width that the band of the free curve may keep: a percentage of the
value ("0.5 %") or a number of units of the first objective.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from tnt_sim.analysis.shared.amount_variation import FREE, AmountVariation
from tnt_sim.domain.money import parse_decimal
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import NO_TEXT, _, _n
from tnt_sim.i18n.parameters import Money
from tnt_sim.rules.linear_terms import sum_by_group
from tnt_sim.rules.offers.funded_rows import format_dossier_rows
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.scenario.scenario import ScenarioData

FEWEST, MOST = 5, 12
_ROUND = (10, 20, 25, 40, 50)
_SCALES = (Fraction(1, 100), Fraction(1, 10), Fraction(1))


def list_amounts(low: int, high: int, steps: int | None, whole: int | None = None) -> tuple[int, ...]:
    """List amounts in cents from `low` to `high`, both included.

    Parameters
    ----------
    steps : n gives n + 1 equally spaced amounts, rounded down to the cent; None gives round figures
    whole : round figures are then shares of this amount

    >>> list_amounts(8_800_000_000, 10_800_000_000, None)[:3]
    (8800000000, 9000000000, 9200000000)
    """
    if low == high:
        return (low,)
    if steps is not None:
        return tuple(dict.fromkeys(low + (high - low) * k // steps for k in range(steps + 1)))
    unit = Fraction(whole or 1)
    step = _round_step(low / unit, high / unit)
    first, last = -(-low // (step * unit)), high // (step * unit)
    inner = (int(k * step * unit) for k in range(int(first), int(last) + 1))
    return tuple(sorted({low, high, *(cents for cents in inner if low < cents < high)}))


def _round_step(low: Fraction, high: Fraction) -> Fraction:
    """Return the best round step: both ends are multiples of it if possible, then as many points as allowed."""
    size = high - low
    power = Fraction(1)
    while power * 10 > size:
        power /= 10
    while power * 100 <= size:
        power *= 10
    steps = [Fraction(r) * power * scale for scale in _SCALES for r in _ROUND]
    fitting = [step for step in steps if FEWEST <= size / step <= MOST] or steps[:1]
    aligned = [step for step in fitting if _is_whole_step(low, step) and _is_whole_step(high, step)]
    return min(aligned or fitting)


def _is_whole_step(value: Fraction, step: Fraction) -> bool:
    """Whether a value is a whole number of steps, up to the cent by which a share was rounded."""
    off = value % step
    return min(off, step - off) * 1_000_000 < step


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Width in the unit of the first objective or, if `relative`, as a fraction of its value."""

    size: Fraction
    relative: bool

    @classmethod
    def of_text(cls, text: str) -> Tolerance:
        """Parse a tolerance."""
        word = text.strip()
        relative = word.endswith("%")
        try:
            size = parse_decimal(word.removesuffix("%").strip())
        except ValueError:
            size = Fraction(0)
        if size <= 0:
            raise UsageError(
                _(
                    '--tolerance is a part of the value, "0.5%", or a number of units of the goal, "10"; '
                    'not "{tolerance}". For every step: --exact.',
                    tolerance=text,
                ),
                code="usage.tolerance",
            )
        return cls(size / 100 if relative else size, relative)

    def of(self, value: Fraction) -> Fraction:
        """Return the allowed width at a value."""
        return self.size * abs(value) if self.relative else self.size


MAX_POINTS = 2_000


@dataclass(frozen=True)
class SweepPlan:
    """Request of one sweep.

    Attributes
    ----------
    moved : envelopes that vary, and how amounts below follow
    amounts : in cents, increasing; the announcements of the nested curve
    free, nested : curves requested
    exact : whether every step of the free curve is requested too
    tolerance : the free curve is refined until its band is nowhere wider
    base : problem at the written amount
    """

    moved: AmountVariation
    amounts: tuple[int, ...]
    free: bool
    nested: bool
    exact: bool
    tolerance: Tolerance | None
    base: Problem = field(repr=False)

    @property
    def refined(self) -> bool:
        """Whether the intervals between the amounts are to be examined."""
        return self.exact or self.tolerance is not None

    @property
    def scenario(self) -> ScenarioData:
        """Return the scenario as written."""
        return self.moved.scenario

    def compute_key(self, code: str) -> str:
        """Return the SHA-256 of all that the points depend on, including the hash of the code."""
        entries = [self.scenario.sha256, self.moved.names, self.moved.share, self.amounts, self.exact, code]
        if self.tolerance is not None:
            entries.append(f"{self.tolerance.size} {self.tolerance.relative}")
        return hashlib.sha256(json.dumps(entries).encode()).hexdigest()


def build_plan(
    scenario: ScenarioData,
    *,
    envelopes: Sequence[str] = (),
    start: str | int | None = None,
    stop: str | int | None = None,
    steps: int | None = None,
    at: Sequence[str | int] = (),
    share: str = FREE,
    exact: bool = False,
    free: bool = False,
    nested: bool = False,
    tolerance: str | None = None,
) -> SweepPlan:
    """Validate a request.

    Without `free` and `nested`, both curves are computed; with `exact`, only the free one.
    """
    _refuse_modes(scenario, exact=exact, nested=nested, steps=steps, at=at)
    within = _parse_tolerance(tolerance, exact=exact, free_too=free or not nested)
    moved = AmountVariation.of(scenario, envelopes, share)
    amounts = _parse_amounts(moved, start, stop, steps, at)
    _refuse_children(moved, amounts[0])
    base = compile_problem(scenario)
    _refuse_committed(moved, base, amounts[0])
    both = not free and not nested
    return SweepPlan(
        moved, amounts, free or both or exact, nested or (both and not exact), exact, within, base
    )


def _parse_tolerance(text: str | None, *, exact: bool, free_too: bool) -> Tolerance | None:
    """Parse the tolerance of the free curve and refuse invalid combinations."""
    if text is None:
        return None
    if exact:
        raise UsageError(
            _("--exact gives every step, without tolerance; --tolerance stops before: one of the two."),
            code="usage.together",
        )
    if not free_too:
        raise UsageError(
            _(
                "--tolerance narrows the free curve between the amounts; the nested curve only "
                "exists at its announcements. Take out --nested, or --tolerance."
            ),
            code="usage.together",
        )
    return Tolerance.of_text(text)


def _refuse_modes(
    scenario: ScenarioData,
    *,
    exact: bool,
    nested: bool,
    steps: int | None,
    at: Sequence[str | int],
) -> None:
    if scenario.steps:
        raise UsageError(
            _("a sweep looks at one decision, and this scenario has steps."),
            code="usage.steps",
        )
    if exact and nested:
        raise UsageError(
            _(
                "--exact and --nested do not go together: the nested curve depends on the list of "
                'announcements. With one announcement each euro it comes down to "the first small '
                'application that fits". Give your announcements: --nested --at "90 M€" --at "98 M€".'
            ),
            code="usage.exact-nested",
        )
    if exact and steps is not None:
        raise UsageError(
            _("--exact gives every step: --steps does not go with it."),
            code="usage.steps",
        )
    if steps is not None and at:
        raise UsageError(
            _("--at gives the amounts one by one: --steps does not go with it."),
            code="usage.steps",
        )
    if steps is not None and not 1 <= steps < MAX_POINTS:
        raise UsageError(
            _(
                "--steps is a number of steps, from 1 to {max_points}, not {steps}.",
                max_points=MAX_POINTS - 1,
                steps=steps,
            ),
            code="usage.steps",
        )


def _parse_amounts(
    moved: AmountVariation,
    start: str | int | None,
    stop: str | int | None,
    steps: int | None,
    at: Sequence[str | int],
) -> tuple[int, ...]:
    listed = [moved.parse_amount(text) for text in at]
    low = min(listed, default=moved.base_cents) if start is None else moved.parse_amount(start)
    high = _compute_default_end(moved, low, listed) if stop is None else moved.parse_amount(stop)
    if low > high or low < 0:
        raise UsageError(
            _("--from must be below --to, and positive ({low} > {high}).", low=Money(low), high=Money(high)),
            code="usage.amounts",
        )
    outside = [cents for cents in listed if not low <= cents <= high]
    if outside:
        raise UsageError(
            _("--at {outside} is not between --from and --to.", outside=Money(outside[0])),
            code="usage.amounts",
        )
    if listed:
        return tuple(sorted({low, *listed, high}))
    shares = all(isinstance(text, str) and text.strip().endswith("%") for text in (start, stop))
    return list_amounts(low, high, steps, moved.base_cents if shares else None)


def _compute_default_end(moved: AmountVariation, low: int, listed: Sequence[int]) -> int:
    """Return the default end: the last announcement, else the written amount, or 125 % of the start."""
    if listed:
        return max(listed)
    return moved.base_cents if low < moved.base_cents else low + low // 4


def _refuse_children(moved: AmountVariation, low: int) -> None:
    """Refuse amounts below the sum of the children's amounts unless a key says how these follow."""
    short = moved.find_overdrawn_envelope(low)
    if short is None:
        return
    name, below = short
    raise UsageError(
        _(
            'the amounts written under "{name}" come to {below}: below, say how they follow, '
            "--share pro_rata (all in proportion) or --share ID (one envelope alone).",
            name=name,
            below=Money(below),
        ),
        code="usage.amounts",
    )


def _refuse_committed(moved: AmountVariation, base: Problem, low: int) -> None:
    """Refuse amounts below what is committed; the message names the applications and the least amount."""
    short = _find_uncovered_envelope(moved, base, low)
    if short is None:
        return
    name, committed, names, n = short
    least = _find_least_covering_amount(moved, base, low)
    hint = NO_TEXT
    if least is not None:
        hint = _(" --from can go down to {least}.", least=Money(least))
    raise UsageError(
        _n(
            'at {low} the envelope "{name}" no longer covers what is committed: {committed} for {n} application '
            "({names}).{hint}",
            'at {low} the envelope "{name}" no longer covers what is committed: {committed} for {n} applications '
            "({names}).{hint}",
            n=n,
            low=Money(low),
            name=name,
            committed=Money(committed),
            names=names,
            hint=hint,
        ),
        code="usage.committed",
    )


def _find_uncovered_envelope(
    moved: AmountVariation, base: Problem, cents: int
) -> tuple[str, int, str, int] | None:
    """Return the deepest envelope whose commitments exceed its amount.

    As id, cents committed, application names and their number; None if there is none.
    """
    tree, node, offers = base.case.tree, base.case.node, base.offers
    held = (node >= 0) & offers.committed
    sums = tree.sum_subtrees(sum_by_group(offers.committed_cents[held], node[held], tree.n_nodes))
    amounts = moved.compute_amounts(cents)
    for k in range(tree.n_nodes - 1, -1, -1):
        amount = amounts.get(tree.ids[k], tree.written_cents[k])
        option = tree.options[k]
        if amount is None or sums[k] <= amount + option.overprogram_cents or tree.ids[k] not in amounts:
            continue
        rows = (held & (node >= k) & (node < int(tree.end[k]))).nonzero()[0]
        return tree.ids[k], sums[k], format_dossier_rows(base.case, rows, 5), len(rows)
    return None


def _find_least_covering_amount(moved: AmountVariation, base: Problem, low: int) -> int | None:
    high = moved.base_cents
    if high <= low or _find_uncovered_envelope(moved, base, high) is not None:
        return None
    while low < high:
        middle = (low + high) // 2
        if _find_uncovered_envelope(moved, base, middle) is None:
            high = middle
        else:
            low = middle + 1
    return high
