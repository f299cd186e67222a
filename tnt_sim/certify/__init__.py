"""Check proofs of optimality and of infeasibility in exact integers, without any solver.

A decision claims that no allocation is better by one unit. Each such claim is a system of integer
inequalities that must have no solution; a proof is a certificate that shows it and can be replayed. Nothing
here searches for proofs: they are found in `prove/`, which need not be trusted.

    claim_systems.py      the claims of a decision, as systems without a solution
    row_writer.py         writes the rows of a problem for the checker
    rule_rows.py          compares these rows with a second, independent reading of every rule
    system.py             integer systems, and what a vector of multipliers proves about them
    certificate.py        replays a certificate
    proof_checker.py      entry point: checks all proofs of a decision
    derived_rows.py       cuts and tightened rows
    decomposition.py      splits a system once linking rows are priced
    choice_blocks.py      rewrites a system so that every amount is a 0-1 choice
    single_row_bound.py, row_sum_bound.py, cap_tree_bound.py, block_bound.py
                          upper bounds by exact knapsack kernels

The idea of a log that a small checker replays is that of VIPR: Cheung, Gleixner and Steffy, *Verifying
integer programming results* (2017).
"""
