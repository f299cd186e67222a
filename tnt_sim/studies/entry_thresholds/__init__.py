"""The amount of an envelope from which each application is funded."""
