"""Knapsack with nested (laminar) capacities: dossiers under departments, under programmes, under the whole budget.

    max Σ p_j x_j   subject to   Σ_{j under n} w_j x_j ≤ cap_n for every node n,  x_j ∈ {0, 1}

    caps.py               reads the capacities of a model and arranges them as trees
    best_choice.py        entry point: picks the kernel, and adds capacities only where they are violated
    tree_search.py        Lagrangian bound of a tree, closed by enumeration of states within the gap
    leaves.py             leaves of the tree: lists of items under one capacity
    near_leaves.py        the leaves of a node together, near their best values, by the compiled kernels
    core_enumeration.py   all nearly optimal states of a leaf at a price
    states.py             undominated states and their sums
    dominance.py          dominance between the alternatives of one group
    memo.py               bounded cache of results

The method and its sources stand in tree_search.py.
"""
