"""Import of form exports: recognise the layout, map fields to columns, clean cells, detect changed forms."""
