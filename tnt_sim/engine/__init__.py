"""Engine: finds the optimal allocation of a scenario, with the evidence that supports it."""
