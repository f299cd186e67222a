"""A list made by hand, against the rules and the best allocation."""
