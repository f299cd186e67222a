"""The grants of a run against the lines of an accounting export."""
