"""Scenarios and runs side by side: what was asked differently, who enters, who leaves, and why."""
