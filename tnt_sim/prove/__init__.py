"""Search for proofs of optimality and infeasibility; the checker in `certify/` accepts or refuses them.

Nothing here needs to be trusted: floats and a linear solver are used freely, and every proof is replayed in
exact integers before it counts.

    stage_proofs.py          entry point: one proof per objective stage, or of infeasibility
    tie_break_proofs.py      entry point: proofs that the funded list is the only result
    refutation.py            proves one system empty: kernels, independent pieces, cutting planes, branch and bound
    kernel_proofs.py         proofs by exact kernels, from scratch or from hints of the solve
    branch_search.py         branch and bound, recorded as a certificate
    proof_lp.py              the linear relaxation, and its dual values as integer multipliers
"""
