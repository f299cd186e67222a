"""Decision report as one self-contained page, and on paper."""
