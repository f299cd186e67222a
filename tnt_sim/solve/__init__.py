"""Optimisation methods: solver backends, exact presolve reductions, and the algorithms that combine them."""
