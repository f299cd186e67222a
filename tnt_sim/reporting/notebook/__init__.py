"""Display in notebooks: cards, tables, charts, and a generated notebook."""
