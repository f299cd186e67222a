"""Objects that other installed packages add to the program, named by entry points.

A package names each object in its `pyproject.toml`, under the group that the program reads:

    [project.entry-points."tnt_sim.rule_kinds"]
    waiting_period = "tnt_sim_example.waiting_period.kind:WAITING_PERIOD"
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import EntryPoint, EntryPoints, distributions

from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import Text, _


def find_extensions(group: str, known: Iterable[str]) -> dict[str, EntryPoint]:
    """Return the entry points that installed packages register under `group`, by name; nothing is imported.

    Parameters
    ----------
    group : the group of entry points, such as `tnt_sim.rule_kinds`
    known : names that the program has already, and that no package may take
    """
    taken = dict.fromkeys(known, "tnt_sim")
    result: dict[str, EntryPoint] = {}
    entries = _read_entry_points(tuple(sys.path)).select(group=group)
    for entry in sorted(entries, key=lambda entry: (entry.name, get_package(entry))):
        if entry.name in taken:
            reason = _(
                '"{entry_name}" is a name of {taken} already', entry_name=entry.name, taken=taken[entry.name]
            )
            raise build_extension_error(entry, reason)
        taken[entry.name] = get_package(entry)
        result[entry.name] = entry
    return result


@cache
def _read_entry_points(path: tuple[str, ...]) -> EntryPoints:
    """Read what the packages on `sys.path` register for this program, once for all groups."""
    by_package: dict[str, EntryPoints] = {}
    for package in distributions():
        if "[tnt_sim." in (package.read_text("entry_points.txt") or ""):
            by_package.setdefault(package.name, package.entry_points)
    return EntryPoints(entry for entries in by_package.values() for entry in entries)


def load_extension[Extension](
    entry: EntryPoint, wanted: type[Extension], *, create: bool = False
) -> Extension:
    """Import the object of an entry point.

    Parameters
    ----------
    wanted : the class of which the object must be, or the protocol that it must fulfil
    create : whether the entry point names a class or a function that builds the object without arguments
    """
    try:
        extension = entry.load()
        if create:
            extension = extension()
    except Exception as error:
        reason = _("its import fails ({error})", error=repr(error))
        raise build_extension_error(entry, reason) from error
    if not isinstance(extension, wanted):
        name = wanted.__name__
        reason = _('"{entry}" is no `{name}` object', entry=entry.value, name=name)
        missing = ", ".join(
            member for member in dir(wanted) if member[0] != "_" and not hasattr(extension, member)
        )
        if getattr(wanted, "_is_protocol", False):
            reason = _("{reason}, it lacks: {missing}", reason=reason, missing=missing)
        raise build_extension_error(entry, reason)
    stated = getattr(extension, "name", entry.name)
    if stated != entry.name:
        reason = _('its object is named "{stated}"', stated=stated)
        raise build_extension_error(entry, reason)
    return extension


def load_extensions[Extension](
    group: str, wanted: type[Extension], known: Iterable[str]
) -> dict[str, Extension]:
    """Return what installed packages register under `group`, by name, in the order of the names.

    The parameters and errors are those of `find_extensions` and `load_extension`.
    """
    entries = find_extensions(group, known)
    return {name: load_extension(entry, wanted) for name, entry in entries.items()}


def get_package(entry: EntryPoint) -> str:
    """Return the name of the package that an entry point comes from; built-in entries come from no other."""
    return "tnt_sim" if entry.dist is None else entry.dist.name


def build_extension_error(entry: EntryPoint, reason: Text) -> UsageError:
    """Return the error that refuses an entry point and says how to go on without it."""
    package = get_package(entry)
    where = f"{package} ({entry.group}: {entry.name})"
    return UsageError(
        _(
            "the package {where} is refused: {reason}. Correct it, or uninstall it.",
            where=where,
            reason=reason,
        ),
        code="usage.extension",
    )
