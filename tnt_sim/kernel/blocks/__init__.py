"""0-1 programs with a few rows that cross, solved exactly by Lagrangian relaxation and enumeration of the gap.

    max v·x   subject to   A x ≤ b,  x ∈ {0, 1}^n,  at most one item of each multiple-choice group

    active_rows.py     entry point: finds the few rows that bind, by constraint generation
    block_search.py    the search: exact blocks for disjoint rows, prices for the others
    exchanges.py       changes against the Lagrangian solution, with their loss
    states.py          partial solutions, their growth item by item, dominance
    joined_blocks.py   combination of blocks, and bounds from the rows still to be satisfied

Typical input: caps per department and floors per theme over 2,000 dossiers.
"""
