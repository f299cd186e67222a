/* Least weight for each profit of a 0-1 knapsack, for `profit_frontier.py`:
 *
 *     least[q] = min { Σ w_j x_j : Σ p_j x_j = q }
 *
 * in 32 bits (without a sign) where all sums fit, else in 64 (profit_frontier.h, read once for each width).
 */
#include "core.h"

#define CHUNK 32 /* cells moved at once, a whole number of vectors */

#define CELL uint32_t
#define NAMED(name) tnt_##name##_32
#include "profit_frontier.h"
#undef CELL
#undef NAMED

#define CELL int64_t
#define NAMED(name) tnt_##name##_64
#include "profit_frontier.h"
