"""The amounts of a grid: as many steps as asked, else round figures that people would announce."""

from __future__ import annotations

from fractions import Fraction

FEWEST, MOST = 5, 12
_ROUND = (10, 20, 25, 40, 50)
_SCALES = (Fraction(1, 100), Fraction(1, 10), Fraction(1))


def amounts_between(low: int, high: int, steps: int | None, whole: int | None = None) -> tuple[int, ...]:
    """Amounts in cents from `low` to `high`, both included.

    Parameters
    ----------
    steps : n gives n + 1 amounts at equal distance, rounded down to the cent; None gives round figures
    whole : round figures are then shares of it

    >>> amounts_between(8_800_000_000, 10_800_000_000, None)[:3]
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
    """The round step that ends meet best: both ends on it if one fits, then the most points."""
    size = high - low
    power = Fraction(1)
    while power * 10 > size:
        power /= 10
    while power * 100 <= size:
        power *= 10
    steps = [Fraction(r) * power * scale for scale in _SCALES for r in _ROUND]
    fitting = [step for step in steps if FEWEST <= size / step <= MOST] or steps[:1]
    aligned = [step for step in fitting if _near(low, step) and _near(high, step)]
    return min(aligned or fitting)


def _near(value: Fraction, step: Fraction) -> bool:
    """Whether a value is a whole number of steps, but for the cent that a share was rounded by."""
    off = value % step
    return min(off, step - off) * 1_000_000 < step
