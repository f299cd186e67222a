"""Written sheets against their run: every file is drawn again and compared."""
