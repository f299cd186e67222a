"""Transfer or extend: what another division of the same money brings, and what more money adds."""
