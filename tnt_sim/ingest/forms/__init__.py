"""Import of form exports: recognise the layout, map fields to columns, clean cells, detect changes of the
form.
"""
