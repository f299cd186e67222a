"""Restriction of the files that a scenario may name to those of its project folder."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

from tnt_sim.domain.field_types import quote_value
from tnt_sim.errors import Defect, ScenarioError, find_nearest_name
from tnt_sim.i18n.message import Text, _
from tnt_sim.scenario.yaml.nodes import Origin

MARKERS = ("tnt-sim.toml", "pyproject.toml")
_LONGEST = 255
"""Longest name in bytes that file systems accept."""
_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+:")
_LOCALE = re.compile(r"^locale:\s*[\"']?(fr|en)\b", re.MULTILINE)
_STARTS_FROM = re.compile(r"^(?:extends|base):\s*[\"']?(.+?)[\"']?\s*(?:#.*)?$", re.MULTILINE)
_MAX_CHAIN, _MOST_READ = 16, 2 << 20
MOST_NAMES = 5
"""Names of a folder that an error lists at most."""
_DRIVE = re.compile(r"[a-zA-Z]:")


def project_root(scenario: Path) -> Path:
    """Return the nearest folder above a scenario that contains a project marker, else its own folder.

    Links are resolved.
    """
    folder = scenario.resolve().parent
    for candidate in (folder, *folder.parents):
        if any((candidate / marker).is_file() for marker in MARKERS):
            return candidate
    return folder


def find_locale(path: Path, chain: int = _MAX_CHAIN) -> str | None:
    """Return the `locale` that a scenario file or run folder writes, or what it starts from; None in doubt."""
    try:
        path = path / "scenario.resolved.yaml" if path.is_dir() else path
        if not path.is_file():
            return None
        with path.open("rb") as stream:
            text = stream.read(_MOST_READ).decode("utf-8", "replace")
    except (OSError, ValueError):
        return None
    written, base = _LOCALE.search(text), _STARTS_FROM.search(text)
    if written:
        return written[1]
    if base is None or chain <= 0:
        return None
    try:
        return find_locale(resolve_inside(project_root(path), path.parent, base[1]), chain - 1)
    except ScenarioError:
        return None


def format_path(root: Path, path: Path) -> str:
    """Return a path as people and run folders see it: relative to the project folder, with ``/``."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def resolve_inside(root: Path, base: Path, text: str, origin: Origin | None = None) -> Path:
    """Return the file that `text` names from the folder `base`, links resolved; it need not exist."""
    _check_text(text, origin)
    try:
        path = (base / text).resolve()
        inside = path.is_relative_to(root.resolve())
        if any(len(os.fsencode(part)) > _LONGEST for part in path.parts):
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
    except (OSError, RuntimeError, ValueError) as error:
        why = type(error).__name__
        raise _build_path_error(
            "path",
            origin,
            _('the path "{path}" leads nowhere ({reason})', path=quote_value(text), reason=why),
        ) from None
    if not inside:
        raise _build_path_error(
            "path_outside",
            origin,
            _(
                '"{path}" leads out of the project folder ({target})',
                path=quote_value(text),
                target=root.name or root,
            ),
            _('Copy the file into the project, or put a file "tnt-sim.toml" in the folder that holds both.'),
        )
    return path


def require_file(path: Path, text: str, origin: Origin | None = None) -> Path:
    """Return the path itself if it is a plain file."""
    try:
        there, is_file = path.exists(), path.is_file()
    except OSError:  # a name that is too long, or a folder without read permission
        there = is_file = False
    if is_file:
        return path
    if there:
        raise _build_path_error(
            "file",
            origin,
            _('"{path}" is not a file', path=quote_value(text)),
            _suggest_inner_file(path, text),
        )
    raise _build_path_error(
        "file_missing",
        origin,
        _('the file "{path}" does not exist', path=quote_value(text)),
        _suggest_file(path, text),
    )


def _suggest_file(path: Path, text: str) -> Text:
    """Return the nearest name, or what the folder holds, or that the folder itself is not there."""
    siblings = _list_siblings(path)
    if near := _find_other_writing(text) or find_nearest_name(path.name, siblings):
        return _('Did you mean "{near}"?', near=near)
    folder = quote_value(path.parent.name or ".")
    if not path.parent.is_dir():
        return _('Its folder "{folder}" does not exist either.', folder=folder)
    same = [name for name in siblings if Path(name).suffix == path.suffix]
    if not same:
        return _('Its folder, "{folder}", holds no file in {suffix}.', folder=folder, suffix=path.suffix)
    names = ", ".join(same[:MOST_NAMES]) + (", …" if len(same) > MOST_NAMES else "")
    return _('Its folder, "{folder}", holds: {names}.', folder=folder, names=names)


def _find_other_writing(text: str) -> str | None:
    """Return a path as this system writes it, if a file is there: without quotes, with slashes."""
    written = text.strip(" \"'“”«»").replace("\\", "/")
    try:
        return written if written != text and Path(written).is_file() else None
    except OSError:
        return None


def _suggest_inner_file(path: Path, text: str) -> Text | None:
    """Return the hint for a project folder or a run folder given in place of a scenario."""
    if (path / "summary.json").is_file():
        return _("This is the folder of a run: give a scenario, a file in .yaml.")
    if not (path / "scenario.yaml").is_file():
        return None
    file = f"{quote_value(text).rstrip('/')}/scenario.yaml"
    return _('Did you mean "{file}"?', file=file)


def _list_siblings(path: Path) -> list[str]:
    try:
        return [entry.name for entry in sorted(path.parent.iterdir())[:500] if entry.is_file()]
    except OSError:
        return []


def _check_text(text: str, origin: Origin | None) -> None:
    hint = _('Write a path relative to the file, with "/": data/dossiers.csv.')
    name = quote_value(text)
    if not text.strip() or "\x00" in text:
        raise _build_path_error("path", origin, _("the path is empty"), hint)
    if text.startswith(("\\\\", "//")):
        reason = _('"{name}" is a network path', name=name)
    elif _URL.match(text) and not _DRIVE.fullmatch(text[:2]):
        reason = _('"{name}" is an address: no download', name=name)
    elif text.startswith(("/", "\\", "~")) or _DRIVE.match(text):
        reason = _('"{name}" is an absolute path', name=name)
    elif "\\" in text:
        reason = _('"{name}" holds "\\"', name=name)
    else:
        return
    raise _build_path_error("path", origin, reason, hint)


def _build_path_error(
    code: str, origin: Origin | None, reason: Text, hint: Text | None = None
) -> ScenarioError:
    places = () if origin is None else (origin.get_place(),)
    return ScenarioError([Defect(code, _("{reason}.", reason=reason), places, hint)])
