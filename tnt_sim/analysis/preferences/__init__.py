"""Analyses under incomplete preference information: weights of criteria that are known only in part."""
