/* The states near the best value at a price, of many leaves in one call, for `cap_tree/near_leaves.py`.
 *
 * For each leaf this prepares what `_LeafCore` prepares (`cap_tree/core_enumeration.py`: see there for the method), and
 * enumerates with `tnt_leaf_grow`. All ties are resolved. A leaf whose states do not fit the work arrays, or whose
 * products come near 64 bits, is marked, and its caller uses its frontier.
 */
#include "leaf_states.h"

#define LEAF_WORK 256
#define LARGEST (ROOM / 2) /* limit of a product with a price; sums of three of them stay within 64 bits */

/* The result of one leaf, int64 each. */
enum {
    BEST, INNER,           /* the best value times b, and the filling price c */
    FIRST_STATE, STATES,   /* its states in the output */
    OUTCOME,               /* TNT_DONE, or why there is none */
    RESULTS
};

/* Whether open item `i` comes before `j`: by loss per weight; of equal items the first in rank is added first and
 * dropped last. */
static int comes_before(int64_t i, int64_t j, const int64_t *p, const int64_t *w, const double *each, const uint8_t *base) {
    if (each[i] != each[j]) return each[i] < each[j];
    if (w[i] != w[j]) return w[i] < w[j];
    if (p[i] != p[j]) return p[i] < p[j];
    return base[i] ? i > j : i < j;
}

/* Let the item at `root` of a heap sink to its place. */
static void sink(int64_t *order, int64_t root, int64_t end, const int64_t *p, const int64_t *w, const double *each,
                 const uint8_t *base) {
    const int64_t item = order[root];
    for (int64_t child; (child = 2 * root + 1) < end; root = child) {
        if (child + 1 < end && comes_before(order[child], order[child + 1], p, w, each, base)) child++;
        if (!comes_before(item, order[child], p, w, each, base)) break;
        order[root] = order[child];
    }
    order[root] = item;
}

/* Sort the open items: heap sort. */
static void sort_items(int64_t *order, int64_t n, const int64_t *p, const int64_t *w, const double *each,
                       const uint8_t *base) {
    for (int64_t root = n / 2 - 1; root >= 0; root--) sink(order, root, n, p, w, each, base);
    for (int64_t end = n - 1; end > 0; end--) {
        const int64_t last = order[end];
        order[end] = order[0];
        order[0] = last;
        sink(order, 0, end, p, w, each, base);
    }
}

/* Return the filling price c ≥ a of a leaf; −1 where its products come near 64 bits. */
static int64_t find_inner_price(const int64_t *p, const int64_t *w, const int64_t *falling, int64_t n, int64_t capacity,
                                int64_t a, int64_t b) {
    int64_t profits = 0, weights = 0, reach = 0, inner = a;
    for (int64_t j = 0; j < n; j++) profits += p[j], weights += w[j];
    if ((double)profits * (double)b >= LARGEST || (double)weights * (double)(a > 1 ? a : 1) >= LARGEST) return -1;
    for (int64_t k = 0; k < n; k++) {
        const int64_t j = falling[k];
        if (b * p[j] <= a * w[j]) continue;
        reach += w[j];
        if (reach > capacity) {
            inner = b * p[j] / w[j];
            break;
        }
    }
    return (double)weights * (double)inner < LARGEST ? inner : -1;
}

/* Return the A of a feasible selection: the best items as far as they fit, and one more, as in
 * `_compute_feasible_value`. `inside` (n,) is scratch. */
static int64_t find_feasible_loss(const int64_t *p, const int64_t *w, const int64_t *falling, const int64_t *lost,
                                  const uint8_t *base, int64_t n, int64_t capacity, int64_t inner, int64_t delta,
                                  int64_t b, uint8_t *inside) {
    int64_t room = capacity, gone = 0, gain = 0;
    int fits = 1;
    for (int64_t k = 0; k < n; k++) {
        const int64_t j = falling[k];
        inside[j] = 0;
        if (!base[j]) continue;
        if (fits && w[j] <= room) {
            inside[j] = 1;
            room -= w[j];
        } else {
            fits = 0;
            gone += lost[j];
        }
    }
    for (int64_t j = 0; j < n; j++) {
        if (inside[j] || w[j] > room) continue;
        const int64_t more = b * p[j] - inner * w[j] + delta * w[j];
        if (more > gain) gain = more;
    }
    return gone + delta * room - gain;
}

/* List the states within `gamma` of the best at the price a/b, of the leaves from `at[0]` of the list on.
 *
 * a, b, gamma    0 ≤ a, 1 ≤ b, 0 ≤ gamma < 2^60
 * p, w           items of all leaves, > 0, those of a leaf side by side and in rank order; no item exceeds its leaf
 * falling        (n,), the places within each leaf by falling p/w; start (n_leaves + 1,), capacity (n_leaves,) ≥ 0
 * leaves         (n_asked,), the leaves to be done
 * lines          whether the lightest of the best states is wanted alone, without its items
 * at             (4,): next place in `leaves`, states and flips in the output, work done; moved on
 * results        (n_leaves, RESULTS)
 * found          (3, room_found): profit, weight and loss of each state; ends (room_found,): where its flips end
 * flips          (room_flips,): items of the leaf in which a state differs from « all with b·p > c·w »
 * doubles        (3, longest + 1), numbers (4, longest) with layers in the last two, marks (2, longest): scratch
 * states, last   (6, room) and (2, room), codes (room_codes,): scratch of the enumeration
 * pause          work after which the caller looks at the clock
 */
TNT_EXPORT int64_t tnt_list_near_states(const int64_t *restrict p, const int64_t *restrict w,
                                        const int64_t *restrict falling, const int64_t *restrict start,
                                        const int64_t *restrict capacity, const int64_t *restrict leaves, int64_t n_asked,
                                        int64_t lines, int64_t a, int64_t b, int64_t gamma, int64_t *restrict at,
                                        int64_t *restrict results, int64_t *restrict found, int64_t *restrict ends,
                                        int64_t room_found, int32_t *restrict flips, int64_t room_flips,
                                        double *restrict doubles, int64_t *restrict numbers, uint8_t *restrict marks,
                                        int64_t longest, int64_t *restrict states, uint8_t *restrict last, int64_t room,
                                        int32_t *restrict codes, int64_t room_codes, int64_t pause) {
    double *each = doubles, *drop = doubles + longest + 1, *add = drop + longest + 1;
    int64_t *lost = numbers, *order = numbers + longest, *layers = order + longest;
    uint8_t *base = marks, *inside = marks + longest;
    const int64_t until = at[3] + pause;
    for (; at[0] < n_asked; at[0]++) {
        if (at[3] > until) return TNT_MORE_TIME;
        const int64_t leaf = leaves[at[0]], first = start[leaf], n = start[leaf + 1] - first, cap = capacity[leaf];
        const int64_t *own_p = p + first, *own_w = w + first, *own_falling = falling + first;
        int64_t *result = results + leaf * RESULTS;
        result[OUTCOME] = TNT_TOO_MANY;
        at[3] += n + LEAF_WORK;
        const int64_t inner = find_inner_price(own_p, own_w, own_falling, n, cap, a, b);
        if (inner < 0) continue;
        const int64_t delta = inner - a;
        int64_t bound = delta * cap, n_open = 0;
        int64_t slots[LEAF_SLOTS] = {0};
        states[0] = states[room] = states[2 * room] = 0;
        last[0] = 1;
        for (int64_t j = 0; j < n; j++) {
            const int64_t r = b * own_p[j] - inner * own_w[j];
            base[j] = r > 0;
            lost[j] = r < 0 ? -r : r;
            if (!base[j]) continue;
            bound += r;
            states[0] += own_w[j];
            states[room] += own_p[j];
        }
        slots[COUNT] = slots[IS_UNIQUE] = 1;
        slots[LEAST] = find_feasible_loss(own_p, own_w, own_falling, lost, base, n, cap, inner, delta, b, inside);
        slots[WORK] = slots[TIES] = INT64_MAX;
        for (int64_t j = 0; j < n; j++) {
            if (lost[j] > gamma + slots[LEAST]) continue;
            each[j] = (double)lost[j] / (double)own_w[j];
            order[n_open++] = j;
        }
        sort_items(order, n_open, own_p, own_w, each, base);
        drop[n_open] = add[n_open] = 2 * ROOM;
        for (int64_t k = n_open - 1; k >= 0; k--) {
            const double ratio = each[order[k]];
            drop[k] = base[order[k]] && ratio < drop[k + 1] ? ratio : drop[k + 1];
            add[k] = !base[order[k]] && ratio < add[k + 1] ? ratio : add[k + 1];
        }
        const int64_t outcome = tnt_leaf_grow(own_p, own_w, lost, base, n, order, n_open, drop, add, cap, delta, gamma, 0,
                                              slots, states, last, room, codes, room_codes, layers, INT64_MAX / 2);
        at[3] += INT64_MAX - slots[WORK];
        if (outcome != TNT_DONE) continue;

        const int64_t *weight = states + 3 * slots[SIDE] * room, *profit = weight + room, *gone = profit + room;
        int64_t fitting = 0, least = INT64_MAX;
        for (; fitting < slots[COUNT] && weight[fitting] <= cap; fitting++) {
            const int64_t short_by = gone[fitting] + delta * (cap - weight[fitting]);
            if (short_by < least) least = short_by;
        }
        if (at[1] + fitting > room_found) return TNT_MORE_STATES;
        if (!lines && at[2] + fitting * slots[LAYERS] > room_flips) return TNT_MORE_CODES;
        result[FIRST_STATE] = at[1];
        for (int64_t k = 0; k < fitting; k++) {
            const int64_t loss = gone[k] + delta * (cap - weight[k]) - least;
            if (loss > gamma) continue;
            found[at[1]] = profit[k];
            found[room_found + at[1]] = weight[k];
            found[2 * room_found + at[1]] = loss;
            if (!lines) {
                int64_t place = k;
                for (int64_t layer = slots[LAYERS] - 1; layer >= 0; layer--) {
                    const int32_t code = codes[layers[n + layer] + place];
                    if (code & 1) flips[at[2]++] = (int32_t)layers[layer];
                    place = code >> 1;
                }
            }
            ends[at[1]++] = at[2];
            if (lines) break;
        }
        result[BEST] = bound - least;
        result[INNER] = inner;
        result[STATES] = at[1] - result[FIRST_STATE];
        result[OUTCOME] = TNT_DONE;
    }
    return TNT_DONE;
}
