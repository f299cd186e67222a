"""The smallest envelope that reaches each target."""
