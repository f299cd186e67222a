"""The tree of budget envelopes: its rows in the model, its exact reading, its options and its transfers."""
