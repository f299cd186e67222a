"""Command line: commands, options, help, and console output."""
