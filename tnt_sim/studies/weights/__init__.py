"""Allocations that can be the best when the weights of criteria are known in part."""
