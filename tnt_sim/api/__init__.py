"""Python interface: classes and functions that notebooks use, with their exports."""
