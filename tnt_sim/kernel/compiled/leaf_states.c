/* The states of a leaf near its best value at a price, for `cap_tree/core_enumeration.py`, and the best point of a
 * frontier at a price, for `cap_tree/leaves.py`.
 *
 * States, bounds, order and ties are those of `_LeafCore`. States are sorted by weight and by profit, both strictly, so
 * that an item is added by merging two sorted lists; two states are equal only where both lists have one.
 */
#include "leaf_states.h"

#define MARGIN 1e-9
#define ITEM_WORK 64

/* Whether the flipped state `one` ranks before the plain state `other`, which has the same weight and profit.
 *
 * Both places are those before `item`. The first item in rank that only one of the selections contains decides. A
 * backpointer is 2 · place before + whether the item was flipped; walking both chains at once ends where they meet.
 */
static int ranks_first(int64_t one, int64_t other, int64_t item, const uint8_t *base, const int64_t *layers, int64_t n,
                       int64_t count_layers, const int32_t *codes) {
    int64_t first = item;
    int ours = 1; /* whether `one` is the state that flips `first` */
    for (int64_t k = count_layers - 1; k >= 0 && one != other; k--) {
        const int32_t *layer = codes + layers[n + k];
        const int32_t a = layer[one], b = layer[other];
        if ((a & 1) != (b & 1) && layers[k] < first) {
            first = layers[k];
            ours = a & 1;
        }
        one = a >> 1;
        other = b >> 1;
    }
    return base[first] != ours;
}

/* Branch on the items in their order until all are done, or the caller must do something; the result says which.
 *
 * p, w, lost, base     (n,): profit, weight, |r| of each item, and whether it is taken at first
 * order                (n_open,), the items that may be flipped
 * drop, add            (n_open + 1,): least loss per weight at which the items from a place on lower or raise weight
 * capacity, delta      of the leaf, and its price less the given one
 * gamma                the loss within which all states are wanted
 * window               (2,) least and greatest weight, or null; then LEAST stays 0
 * states, last         (6, room) and (2, room): weight, profit and lost sum of two lists, and whether the last item was
 *                      flipped; codes (room_codes,): backpointers
 * layers               (2, n): item and first code of each layer
 */
TNT_EXPORT int64_t tnt_leaf_grow(const int64_t *restrict p, const int64_t *restrict w, const int64_t *restrict lost,
                                 const uint8_t *restrict base, int64_t n, const int64_t *restrict order, int64_t n_open,
                                 const double *restrict drop, const double *restrict add, int64_t capacity,
                                 int64_t delta, int64_t gamma, const int64_t *restrict window, int64_t *restrict at,
                                 int64_t *restrict states, uint8_t *restrict last, int64_t room,
                                 int32_t *restrict codes, int64_t room_codes, int64_t *restrict layers, int64_t pause) {
    const int64_t until = at[WORK] - pause;
    for (; at[PLACE] < n_open && at[COUNT] > 0; at[PLACE]++) {
        const int64_t place = at[PLACE], item = order[place], count = at[COUNT];
        if (lost[item] > gamma + at[LEAST]) continue;
        if (at[WORK] < until) return TNT_MORE_TIME;
        if (2 * count > room) return TNT_MORE_STATES;
        if (at[USED] + 2 * count > room_codes) return TNT_MORE_CODES;

        const int64_t *old_w = states + 3 * at[SIDE] * room, *old_p = old_w + room, *old_gone = old_p + room;
        const uint8_t *old_last = last + at[SIDE] * room;
        const int64_t other_side = 1 - at[SIDE];
        int64_t *new_w = states + 3 * other_side * room, *new_p = new_w + room, *new_gone = new_p + room;
        uint8_t *new_last = last + other_side * room;
        const int64_t before = place > 0 ? order[place - 1] : -1;
        const int twin = before >= 0 && p[before] == p[item] && w[before] == w[item];
        int64_t flippable = count;
        if (twin) {
            flippable = 0;
            for (int64_t k = 0; k < count; k++) flippable += old_last[k];
        }
        at[WORK] -= count + flippable + ITEM_WORK;
        if (at[WORK] < 0) return TNT_TOO_MANY;

        /* Merge the states as they are with the flipped ones; keep those of more profit than any lighter one. */
        const int64_t dw = base[item] ? -w[item] : w[item], dp = base[item] ? -p[item] : p[item];
        int32_t *code = codes + at[USED];
        int64_t i = 0, f = 0, fresh = 0, top = INT64_MIN;
        int comparing = 1;
        while (1) {
            if (twin)
                while (f < count && !old_last[f]) f++;
            if (i >= count && f >= count) break;
            const int64_t plain = i < count ? old_w[i] : INT64_MAX, flipped = f < count ? old_w[f] + dw : INT64_MAX;
            int64_t from;
            int flip;
            if (plain < flipped) {
                from = i++, flip = 0;
            } else if (flipped < plain) {
                from = f++, flip = 1;
            } else {
                const int64_t profit = old_p[i], rival = old_p[f] + dp;
                flip = rival > profit;
                if (rival == profit && profit > top && comparing) {
                    comparing = --at[TIES] >= 0;
                    at[IS_UNIQUE] &= comparing;
                    if (comparing) flip = ranks_first(f, i, item, base, layers, n, at[LAYERS], codes);
                }
                from = flip ? f : i;
                i++, f++;
            }
            const int64_t profit = flip ? old_p[from] + dp : old_p[from];
            if (profit <= top) continue;
            top = profit;
            new_w[fresh] = flip ? old_w[from] + dw : old_w[from];
            new_p[fresh] = profit;
            new_gone[fresh] = flip ? old_gone[from] + lost[item] : old_gone[from];
            code[fresh++] = (int32_t)(2 * from + flip);
        }

        /* Drop what cannot end within Γ of the least A, as in `_prune`. */
        if (!window)
            for (int64_t k = 0; k < fresh && new_w[k] <= capacity; k++) {
                const int64_t short_by = new_gone[k] + delta * (capacity - new_w[k]);
                if (short_by < at[LEAST]) at[LEAST] = short_by;
            }
        const double price = (double)delta, under = add[place + 1] < price ? add[place + 1] : price;
        const double lower = drop[place + 1] < ROOM ? drop[place + 1] : ROOM;
        const double raise = add[place + 1] < ROOM ? add[place + 1] : ROOM;
        const double limit = (double)(gamma + at[LEAST]), most = limit + MARGIN * (1.0 + limit);
        int64_t alive = 0;
        for (int64_t k = 0; k < fresh; k++) {
            const int64_t space = capacity - new_w[k];
            const double gone = (double)new_gone[k];
            double bound = gone + (double)space * (space >= 0 ? under : -lower);
            if (window) {
                const int64_t lacking = window[0] > new_w[k] ? window[0] - new_w[k] : 0;
                const int64_t beyond = new_w[k] > window[1] ? new_w[k] - window[1] : 0;
                const double to_raise = gone + (double)lacking * raise;
                const double to_lower = gone + (double)beyond * lower;
                if (to_raise > bound) bound = to_raise;
                if (to_lower > bound) bound = to_lower;
            }
            if (!(bound <= most)) continue;
            new_w[alive] = new_w[k];
            new_p[alive] = new_p[k];
            new_gone[alive] = new_gone[k];
            new_last[alive] = code[k] & 1;
            code[alive++] = code[k];
        }
        layers[at[LAYERS]] = item;
        layers[n + at[LAYERS]++] = at[USED];
        at[USED] += alive;
        at[COUNT] = alive;
        at[SIDE] = other_side;
    }
    return TNT_DONE;
}

/* Whether point `k` lies on or above the line through the corners `below` and `top`, so that `top` is no corner. */
static inline int hides(const int64_t *profit, const int64_t *weight, int64_t below, int64_t top, int64_t k, int narrow) {
    const int64_t rise = profit[k] - profit[top], run = weight[k] - weight[top];
    const int64_t rise_before = profit[top] - profit[below], run_before = weight[top] - weight[below];
    if (narrow) return rise * run_before >= rise_before * run;
    return (__int128)rise * run_before >= (__int128)rise_before * run;
}

/* List the corners of the upper hull of profit against weight, and until which price each edge is worth its weight.
 *
 *     the edge from corner k to k + 1 raises b · profit − a · weight   where   a ≤ key[k] = ⌈b · Δprofit / Δweight⌉ − 1
 *
 * profit, weight   (n,), n ≥ 1, weights strictly rising, b · profit within int64; corner and key are (n,)
 *
 * Points inside an edge are no corners, so that at the price a the corner behind the edges with key ≥ a is the first of the
 * best points. Returns the number of corners.
 */
TNT_EXPORT int64_t tnt_list_hull(const int64_t *restrict profit, const int64_t *restrict weight, int64_t n, int64_t b,
                                 int64_t *restrict corner, int64_t *restrict key) {
    int64_t count = 0, most = 1;
    for (int64_t k = 0; k < n; k++) {
        const int64_t size = profit[k] < 0 ? -profit[k] : profit[k];
        if (size > most) most = size;
    }
    const int narrow = weight[n - 1] < INT64_MAX / 2 / most;
    for (int64_t k = 0; k < n; k++) {
        while (count > 1 && hides(profit, weight, corner[count - 2], corner[count - 1], k, narrow)) count--;
        corner[count++] = k;
    }
    for (int64_t k = 0; k + 1 < count; k++) {
        const int64_t rise = b * (profit[corner[k + 1]] - profit[corner[k]]) - 1;
        const int64_t run = weight[corner[k + 1]] - weight[corner[k]];
        key[k] = rise >= 0 ? rise / run : -((-rise + run - 1) / run);
    }
    return count;
}
