"""A Pabulib file as a scenario: its budget is the programme, its projects are the dossiers."""

from __future__ import annotations

from pathlib import Path

from tnt_sim.errors import Defects, InputError
from tnt_sim.formats.pabulib import SUFFIX, read_pb, scenario_text
from tnt_sim.formats.table import read_bytes
from tnt_sim.scenario.nodes import Node
from tnt_sim.scenario.yaml_text import parse_yaml

__all__ = ["SUFFIX", "read_pb_into"]


def read_pb_into(path: Path, shown_as: str, defects: Defects) -> Node | None:
    """The scenario that a Pabulib file says; what is wrong with the file is added to `defects`."""
    try:
        pb = read_pb(read_bytes(path, shown_as), shown_as)
        return parse_yaml(scenario_text(pb, path.name), shown_as, path=path)
    except InputError as error:
        defects.found.extend(error.defects)
        return None
