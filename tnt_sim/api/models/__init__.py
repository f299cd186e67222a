"""The model of a scenario for Python users: one stage, its relaxation, and lists that come back."""
