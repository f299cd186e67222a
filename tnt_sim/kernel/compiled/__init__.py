"""The inner loops of the kernels in C11, for machines with a compiler; the numpy code is the reference.

    *.c, *.h           the loops: plain arrays of integers, no memory of their own, no library
    build.py           the compiler's command and the stamp of the sources
    library.py         loads the built library, and says which path runs

`tools/build_core.py` builds the library when the package is installed and a compiler is there. Each function in C
computes what the numpy code beside its caller computes, byte for byte; `tests/kernel/compiled/` compares them.
"""
