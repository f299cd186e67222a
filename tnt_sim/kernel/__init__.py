"""Exact solvers for knapsack-like 0-1 programs over integer arrays; they know nothing of dossiers or rules.

    knapsack.py           0-1 knapsack with one capacity; multiple-choice groups
    exact_fill.py         knapsack whose items are equally good at two prices
    first_selection.py    the first optimal selection of a knapsack in rank order, by lists that meet in the middle
    profit_frontier.py    all efficient (profit, weight) pairs of a knapsack, by dynamic programming over profits
    minimum_addition.py   least extra budget with which a given profit can be reached
    cap_tree/             knapsack with nested (laminar) capacities
    compiled/             their inner loops in C, where a compiler was there at installation
    blocks/               0-1 program with rows that cross, by Lagrangian relaxation and gap enumeration

The solver uses these kernels to find optima, and the proof checker uses them to replay proofs. Profits,
weights and bounds are int64 with checked magnitudes. Floats occur only in prices, of which any are valid, and
in bounds that discard states, always with a margin that keeps a state in doubt. A kernel whose budget of
states is used up raises `TooManyStates`; it never approximates.
"""
