"""Transfer or extend: gain from moving money at the same total, and from a larger total."""
