"""Projects that verbs make: from a table given in the browser, and from the shipped examples."""
