"""All nodes of a report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tnt_sim.reporting.report_tree import Node, Section


def iterate_nodes(nodes: Sequence[Node]) -> Iterator[Node]:
    """Yield all nodes, each section before its own."""
    for node in nodes:
        yield node
        if isinstance(node, Section):
            yield from iterate_nodes(node.nodes)
