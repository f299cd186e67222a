"""The page that begins with a table."""
