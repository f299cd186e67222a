#include "core.h"

/* Return the stamp of the sources that this library was built from (build.py). */
TNT_EXPORT const char *tnt_stamp(void) { return TNT_STAMP; }
