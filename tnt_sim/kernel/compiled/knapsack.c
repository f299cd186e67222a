/* The expanding core of a 0-1 knapsack, for `knapsack.py`:
 *
 *     max Σ p_j x_j   subject to   Σ w_j x_j ≤ c,   among the optima min Σ w_j x_j, and how many there are
 *
 * Items stand in falling efficiency p/w, each fits alone and all together exceed the capacity; sums are below 2^52. The
 * method, its bounds and the order of states are those of `_KnapsackCore`: see there. States are sorted by weight, so
 * that an item is added by merging two sorted lists.
 */
#include "core.h"

#define MARGIN 1e-9
#define LAYER_WORK 200
#define MOST_WAYS ((int64_t)1 << 60)

/* Where the search stands: an array of int64 that the caller keeps between calls. */
enum {
    CAPACITY, SOUGHT, SPLIT,             /* the instance; SOUGHT: end at the first state that reaches BEST_PROFIT */
    BEST_PROFIT, BEST_WEIGHT, WAYS,      /* the incumbent, and its selections */
    BEST_LAYERS, BEST_PLACE, BEST_ITEM,  /* where it is: layers before it, its place, the item flipped last or −1 */
    COUNT, SIDE,                         /* states, and which half of the work arrays holds them */
    LAYERS, USED, WORK, KNOWN,           /* layers, survivors stored, work done, incumbent of the two lists */
    LEFT, LEFT_END, RIGHT, RIGHT_END,    /* next place and end in the lists of flippable items */
    SLOTS
};

/* Take note of new states, `shift_w` and `shift_p` beyond the given ones: the heaviest that fits is the best of them. */
static void look(int64_t *at, const int64_t *w, const int64_t *p, const int64_t *ways, int64_t shift_w, int64_t shift_p,
                 int64_t item) {
    int64_t low = 0, high = at[COUNT]; /* the states before `low` fit */
    while (low < high) {
        const int64_t middle = (low + high) / 2;
        if (w[middle] + shift_w <= at[CAPACITY]) low = middle + 1;
        else high = middle;
    }
    if (low == 0) return;
    const int64_t place = low - 1, profit = p[place] + shift_p, weight = w[place] + shift_w;
    if (profit < at[BEST_PROFIT]) return;
    if (profit > at[BEST_PROFIT] || weight < at[BEST_WEIGHT]) {
        at[BEST_PROFIT] = profit;
        at[BEST_WEIGHT] = weight;
        at[WAYS] = 0;
        at[BEST_LAYERS] = at[LAYERS];
        at[BEST_PLACE] = place;
        at[BEST_ITEM] = item;
    }
    if (profit == at[BEST_PROFIT] && weight == at[BEST_WEIGHT]) {
        const int64_t total = at[WAYS] + ways[place];
        at[WAYS] = total < MOST_WAYS ? total : MOST_WAYS;
    }
}

/* Begin a search: the break item, a greedy profit unless one is `sought`, and the one state « all before it ».
 *
 * at          (SLOTS,), with CAPACITY and SOUGHT set, and BEST_PROFIT where it is sought
 * states      (6, room): weights, profits and ways of two lists of states, room ≥ 1
 * ratio       (n,), p/w; loss (n,), filled here: |p − w · ratio of the break item|
 * bound       (1,), filled here: the value of the linear relaxation
 */
TNT_EXPORT void tnt_knapsack_start(const int64_t *restrict p, const int64_t *restrict w, const double *restrict ratio,
                                   int64_t n, int64_t *restrict at, int64_t *restrict states, int64_t room,
                                   double *restrict loss, double *restrict bound) {
    int64_t split = 0, weight = 0, profit = 0;
    while (split < n && weight + w[split] <= at[CAPACITY]) {
        weight += w[split];
        profit += p[split++];
    }
    const double edge = ratio[split < n - 1 ? split : n - 1];
    *bound = (double)profit + (double)(at[CAPACITY] - weight) * edge;
    for (int64_t j = 0; j < n; j++) {
        const double gap = (double)p[j] - (double)w[j] * edge;
        loss[j] = gap < 0 ? -gap : gap;
    }
    if (!at[SOUGHT]) {
        int64_t best = profit, left = at[CAPACITY] - weight;
        for (int64_t j = split; j < n; j++)
            if (w[j] <= left) {
                best += p[j];
                left -= w[j];
            }
        at[BEST_PROFIT] = best;
    }
    at[SPLIT] = split;
    at[BEST_WEIGHT] = (int64_t)1 << 52;
    at[WAYS] = at[BEST_LAYERS] = at[BEST_PLACE] = at[SIDE] = at[LAYERS] = at[USED] = at[WORK] = 0;
    at[LEFT] = at[LEFT_END] = at[RIGHT] = at[RIGHT_END] = 0;
    at[BEST_ITEM] = -2; /* no state reached the incumbent yet */
    at[KNOWN] = -1;
    at[COUNT] = 1;
    states[0] = weight;
    states[room] = profit;
    states[2 * room] = 1;
    look(at, states, states + room, states + 2 * room, 0, 0, -1);
}

/* List the items that an optimum may still flip, nearest to the break item first, with the least weight from each on.
 *
 * items, least    (2, n): the left side and the right one
 * visited         (n,), whether an item is in the core already
 */
static void list_flippable(const int64_t *w, int64_t n, int64_t *at, const double *loss, double bound, int64_t *items,
                           int64_t *least, const uint8_t *visited) {
    const double limit = bound - (double)at[BEST_PROFIT] + MARGIN * (1.0 + bound);
    int64_t count = 0;
    for (int64_t j = at[SPLIT] - 1; j >= 0; j--)
        if (!visited[j] && loss[j] <= limit) items[count++] = j;
    at[LEFT] = 0;
    at[LEFT_END] = count;
    count = n;
    for (int64_t j = at[SPLIT]; j < n; j++)
        if (!visited[j] && loss[j] <= limit) items[count++] = j;
    at[RIGHT] = n;
    at[RIGHT_END] = count;
    for (int side = 0; side < 2; side++) {
        const int64_t start = side ? n : 0;
        for (int64_t k = at[side ? RIGHT_END : LEFT_END] - 1, lightest = INT64_MAX; k >= start; k--) {
            if (w[items[k]] < lightest) lightest = w[items[k]];
            least[k] = lightest;
        }
    }
    at[KNOWN] = at[BEST_PROFIT];
}

/* Add items to the core until it is closed, or the caller must do something; the result says which.
 *
 * bound, loss, ratio, p, w, states, at    as in `tnt_knapsack_start`
 * survivors   (room_survivors,), backpointers: places among the states before, then as many flipped
 * layers      (3, n): item, count of states before, and first survivor of each layer
 * items, least, visited     as in `list_flippable`
 * max_work    budget of states; the search stops when it is used up
 * pause       work after which the caller looks at the clock
 */
TNT_EXPORT int64_t tnt_knapsack_grow(const int64_t *restrict p, const int64_t *restrict w, const double *restrict ratio,
                                     int64_t n, int64_t *restrict at, int64_t *restrict states, int64_t room,
                                     int32_t *restrict survivors, int64_t room_survivors, int64_t *restrict layers,
                                     int64_t *restrict items, int64_t *restrict least, uint8_t *restrict visited,
                                     const double *restrict loss, double bound, int64_t max_work, int64_t pause) {
    const int64_t capacity = at[CAPACITY], until = at[WORK] + pause;
    while (at[COUNT] > 0 && !(at[SOUGHT] && at[WAYS] > 0)) {
        const int64_t count = at[COUNT];
        if (at[WORK] > until) return TNT_MORE_TIME;
        if (2 * count > room) return TNT_MORE_STATES;
        if (at[USED] + 2 * count > room_survivors) return TNT_MORE_CODES;
        if (at[KNOWN] != at[BEST_PROFIT]) list_flippable(w, n, at, loss, bound, items, least, visited);
        const int has_left = at[LEFT] < at[LEFT_END], has_right = at[RIGHT] < at[RIGHT_END];
        if (!has_left && !has_right) break;
        int64_t item, sign;
        if (has_right && (!has_left || items[at[RIGHT]] - at[SPLIT] <= at[SPLIT] - 1 - items[at[LEFT]])) {
            item = items[at[RIGHT]++];
            sign = 1;
        } else {
            item = items[at[LEFT]++];
            sign = -1;
        }
        visited[item] = 1;
        const int64_t *old_w = states + 3 * at[SIDE] * room, *old_p = old_w + room, *old_ways = old_p + room;
        at[SIDE] = 1 - at[SIDE];
        int64_t *new_w = states + 3 * at[SIDE] * room, *new_p = new_w + room, *new_ways = new_p + room;
        const int64_t dw = sign * w[item], dp = sign * p[item];
        look(at, old_w, old_p, old_ways, dw, dp, item);

        /* The bounds of the states after at least one more flip, as in `_compute_profit_bounds`. */
        const int more_left = at[LEFT] < at[LEFT_END], more_right = at[RIGHT] < at[RIGHT_END];
        const double up = more_right ? ratio[items[at[RIGHT]]] : 0.0;
        const double down = more_left ? ratio[items[at[LEFT]]] : 0.0;
        const double removed = more_left ? (double)least[at[LEFT]] * (down - up) : 0.0;
        const int64_t addable = more_right ? capacity - least[at[RIGHT]] : -1;
        const double best = (double)at[BEST_PROFIT];
        const double limit = best - MARGIN * (1.0 + (best < 0 ? -best : best));

        int32_t *kept = survivors + at[USED];
        int64_t i = 0, f = 0, alive = 0, top = INT64_MIN;
        while (i < count || f < count) {
            int64_t weight, profit, ways, place;
            const int64_t plain = i < count ? old_w[i] : INT64_MAX, flipped = f < count ? old_w[f] + dw : INT64_MAX;
            if (plain < flipped || (plain == flipped && old_p[i] > old_p[f] + dp)) {
                weight = plain, profit = old_p[i], ways = old_ways[i], place = i;
            } else if (flipped < plain || old_p[i] < old_p[f] + dp) {
                weight = flipped, profit = old_p[f] + dp, ways = old_ways[f], place = count + f;
            } else {
                weight = plain, profit = old_p[i], ways = old_ways[i] + old_ways[f], place = i;
                if (ways > MOST_WAYS) ways = MOST_WAYS;
            }
            const int both = plain == flipped;
            if (both || plain < flipped) i++;
            if (both || flipped < plain) f++;
            if (profit <= top) continue;
            top = profit;
            const double at_hand = (double)profit, space = (double)(capacity - weight);
            double reach;
            if (weight <= addable) reach = at_hand + space * up;
            else if (!more_left) continue;
            else if (weight <= capacity) reach = at_hand + space * up - removed;
            else reach = at_hand + space * down;
            if (!(reach >= limit)) continue;
            new_w[alive] = weight;
            new_p[alive] = profit;
            new_ways[alive] = ways;
            kept[alive++] = (int32_t)place;
        }
        layers[at[LAYERS]] = item;
        layers[n + at[LAYERS]] = count;
        layers[2 * n + at[LAYERS]++] = at[USED];
        at[USED] += alive;
        at[COUNT] = alive;
        at[WORK] += alive + LAYER_WORK;
        if (at[WORK] > max_work) return TNT_TOO_MANY;
    }
    return TNT_DONE;
}

/* Recover the incumbent: `inside` is (n,), 1 for the items taken. */
TNT_EXPORT void tnt_knapsack_recover(int64_t n, const int64_t *restrict at, const int32_t *restrict survivors,
                                     const int64_t *restrict layers, uint8_t *restrict inside) {
    for (int64_t j = 0; j < n; j++) inside[j] = j < at[SPLIT];
    if (at[BEST_ITEM] == -2) return;
    if (at[BEST_ITEM] >= 0) inside[at[BEST_ITEM]] ^= 1;
    int64_t place = at[BEST_PLACE];
    for (int64_t k = at[BEST_LAYERS] - 1; k >= 0; k--) {
        const int64_t before = survivors[layers[2 * n + k] + place], count = layers[n + k];
        if (before >= count) inside[layers[k]] ^= 1;
        place = before % count;
    }
}
