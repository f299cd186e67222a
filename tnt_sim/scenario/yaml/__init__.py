"""Reading and merging of scenario files, with the place in the files of every value and every error."""
