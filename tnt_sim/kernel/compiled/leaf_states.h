/* What `leaf_states.c` and `near_leaves.c` share: the enumeration of one leaf. */
#ifndef TNT_LEAF_STATES_H
#define TNT_LEAF_STATES_H

#include "core.h"

#define ROOM 4611686018427387904.0 /* 2^62: the limit of a product, and the loss per weight where no item is left */

/* Where the enumeration stands: an array of int64 that the caller keeps between calls. */
enum {
    COUNT, SIDE,          /* states, and which half of the work arrays holds them */
    LEAST, WORK,          /* the least A known; the states that may still be examined */
    TIES, IS_UNIQUE,      /* comparisons of equal states left, and whether all were made */
    PLACE, LAYERS, USED,  /* next item in the order, layers made, backpointers stored */
    LEAF_SLOTS
};

TNT_EXPORT int64_t tnt_leaf_grow(const int64_t *restrict p, const int64_t *restrict w, const int64_t *restrict lost,
                                 const uint8_t *restrict base, int64_t n, const int64_t *restrict order, int64_t n_open,
                                 const double *restrict drop, const double *restrict add, int64_t capacity,
                                 int64_t delta, int64_t gamma, const int64_t *restrict window, int64_t *restrict at,
                                 int64_t *restrict states, uint8_t *restrict last, int64_t room,
                                 int32_t *restrict codes, int64_t room_codes, int64_t *restrict layers, int64_t pause);

#endif
