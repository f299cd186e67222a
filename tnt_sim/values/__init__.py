"""Values of answers, each with one form as words, as a number of a sheet and as keys of a document."""
