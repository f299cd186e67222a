/* The loops of profit_frontier.c for one width: CELL is the type of a weight, NAMED gives the function its suffix. */

/* Two items at once, for the profits from `from` to q = `to`, high ones first:
 *
 *     least[q] ← min(least[q], least[q − p] + w, least[q − r] + v, least[q − p − r] + w + v)
 *
 * with from ≥ p + r and p, r ≥ CHUNK, so that a chunk is not its own source.
 */
static inline __attribute__((always_inline)) void NAMED(add_two)(CELL *least, int64_t from, int64_t to, int64_t p, CELL w,
                                                                int64_t r, CELL v) {
    int64_t end = to + 1;
    for (; end >= from + CHUNK; end -= CHUNK) {
        CELL *restrict into = least + end - CHUNK;
        const CELL *restrict one = into - p, *restrict other = into - r, *restrict both = into - p - r;
        for (int k = 0; k < CHUNK; k++) {
            const CELL a = one[k] + w, b = other[k] + v, c = both[k] + (CELL)(w + v);
            const CELL ab = a < b ? a : b, ci = c < into[k] ? c : into[k];
            into[k] = ab < ci ? ab : ci;
        }
    }
    for (int64_t q = end - 1; q >= from; q--) {
        const CELL a = least[q - p] + w, b = least[q - r] + v, c = least[q - p - r] + (CELL)(w + v);
        const CELL ab = a < b ? a : b, ci = c < least[q] ? c : least[q];
        least[q] = ab < ci ? ab : ci;
    }
}

/* One item, for the profits up to q = `to`, high ones first: least[q] ← min(least[q], least[q − p] + w). */
static inline __attribute__((always_inline)) void NAMED(add_one)(CELL *least, int64_t to, int64_t p, CELL w) {
    int64_t end = to + 1;
    if (p >= CHUNK)
        for (; end >= p + CHUNK; end -= CHUNK) {
            CELL *restrict into = least + end - CHUNK;
            const CELL *restrict one = into - p;
            for (int k = 0; k < CHUNK; k++) {
                const CELL with = one[k] + w;
                into[k] = with < into[k] ? with : into[k];
            }
        }
    for (int64_t q = end - 1; q >= p; q--) {
        const CELL with = least[q - p] + w;
        if (with < least[q]) least[q] = with;
    }
}

/* Add items to the table of least weights until `cells` additions are done.
 *
 * profit, weight   (n,), ascending profits; an item heavier than `capacity` is skipped
 * least            (Σ profit + 1,), at first 0 and then `never`; no sum never + 2 · capacity leaves CELL
 * place            (2,), the next item and the greatest profit so far, both moved on
 */
TNT_EXPORT TNT_WIDE void NAMED(add_items)(const int64_t *restrict profit, const int64_t *restrict weight, int64_t n,
                                          int64_t capacity, CELL *least, int64_t *restrict place, int64_t cells) {
    int64_t j = place[0], top = place[1], done = 0;
    while (j < n && done <= cells) {
        const int64_t first = j++;
        if (weight[first] > capacity) continue;
        while (j < n && weight[j] > capacity) j++;
        const int64_t p = profit[first];
        const CELL w = (CELL)weight[first];
        if (j < n && p >= CHUNK) {
            const int64_t r = profit[j];
            const CELL v = (CELL)weight[j++];
            top += p + r;
            NAMED(add_two)(least, p + r, top, p, w, r, v);
            NAMED(add_one)(least, p + r - 1, p, w);
            NAMED(add_one)(least, p + r - 1, r, v);
            done += 2 * top;
        } else {
            top += p;
            NAMED(add_one)(least, top, p, w);
            done += top;
        }
    }
    place[0] = j;
    place[1] = top;
}

/* Mark the efficient profits of a table: `never` goes where a greater profit weighs no more, or the weight exceeds
 * `capacity`. Return how many are left; `least` is (size,).
 */
TNT_EXPORT int64_t NAMED(mark_efficient)(CELL *least, int64_t size, int64_t capacity, int64_t never) {
    CELL lightest = (CELL)never;
    int64_t count = 0;
    for (int64_t q = size - 1; q >= 0; q--) {
        const CELL w = least[q];
        const int keep = (w < lightest) & (w <= (CELL)capacity);
        count += keep;
        least[q] = keep ? w : (CELL)never;
        lightest = w < lightest ? w : lightest;
    }
    return count;
}

/* List the `count` marked profits in ascending order with their weights; both arrays are (count + 1,), the last number
 * of each being scratch.
 */
TNT_EXPORT void NAMED(list_efficient)(const CELL *restrict least, int64_t size, int64_t never, int64_t *restrict profit,
                                      int64_t *restrict weight) {
    int64_t count = 0;
    for (int64_t q = 0; q < size; q++) {
        profit[count] = q;
        weight[count] = (int64_t)least[q];
        count += least[q] != (CELL)never;
    }
}
