/* What all sources of the compiled kernels share.
 *
 * Rules of this folder. Integers are int32_t or int64_t; the caller checks magnitudes, so that no sum or product
 * leaves its type. Floats occur only in bounds that discard states, in the order of operations of the numpy code,
 * and the build forbids contraction (-ffp-contract=off), so that both paths discard the same states. Work arrays
 * come from the caller; nothing is allocated and no library function is called. A loop that may be long returns
 * after a given amount of work, and the caller calls again after a look at the clock.
 */
#ifndef TNT_CORE_H
#define TNT_CORE_H

#include <stdint.h>

#if defined(_WIN32)
#define TNT_EXPORT __declspec(dllexport)
#else
#define TNT_EXPORT __attribute__((visibility("default")))
#endif

/* What a loop that the caller repeats returns. */
enum { TNT_DONE, TNT_MORE_TIME, TNT_MORE_STATES, TNT_MORE_CODES, TNT_TOO_MANY };

/* Loops over arrays are also built for AVX2, which the processor chooses when the library is loaded. */
#if defined(__x86_64__) && defined(__linux__) && defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && defined(__GNUC__) \
    && !defined(__clang__)
#define TNT_WIDE __attribute__((target_clones("avx2", "default")))
#else
#define TNT_WIDE
#endif

#endif
