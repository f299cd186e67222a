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

/* Select items of profit `target` and the least weight, the first selection in rank order, for `recover_items`.
 *
 *     least[q] = min { Σ w_j x_j : Σ p_j x_j = q }   over the items from j on;  takes[j, q]: whether item j is in it
 *
 * profit, weight   (n,)
 * least            (target + 1,), at first 0 and then `never`
 * takes            (n, target + 1) bytes, at first 0
 * place            (1,), the item before which the table stands, at first n; moved on
 *
 * Items enter from the last to the first and are taken on ties. Returns after `cells` additions; the table is complete
 * when place is 0.
 */
TNT_EXPORT TNT_WIDE void tnt_fill_decisions(const int64_t *restrict profit, const int64_t *restrict weight,
                                            int64_t target, int64_t *restrict least, uint8_t *restrict takes,
                                            int64_t *restrict place, int64_t cells) {
    int64_t done = 0, j = place[0];
    while (j > 0 && done <= cells) {
        const int64_t p = profit[--j], w = weight[j];
        if (p > target) continue;
        uint8_t *restrict row = takes + j * (target + 1);
        for (int64_t q = target; q >= p; q--) {
            const int64_t with = least[q - p] + w;
            const int better = with <= least[q];
            row[q] = (uint8_t)better;
            least[q] = better ? with : least[q];
        }
        done += target;
    }
    place[0] = j;
}
