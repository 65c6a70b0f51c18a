/* All arithmetic kernels, compiled once per instruction-set level (RIATA_LEVEL is the
 * level's name).  Plain C with vector types of eight doubles, which the compiler maps
 * to whatever registers the level has; `dense.inc` and `csc.inc` are the same loops
 * for each element and index type. */
#include "columns.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define LANES RIATA_LANES
#define PASTE_(a, b) a##_##b
#define PASTE(a, b) PASTE_(a, b)

#if defined(__GNUC__) || defined(__clang__)
typedef double block __attribute__((vector_size(8 * LANES), aligned(8), may_alias));
static inline block block_load(const double *x) { return *(const block *)x; }
static inline void block_store(double *x, block a) { *(block *)x = a; }
static inline block block_zero(void) { return (block){0}; }
static inline block block_fma(double a, block x, block y) { return a * x + y; }
#else
typedef struct { double v[LANES]; } block;
static inline block block_load(const double *x)
{ block a; memcpy(a.v, x, sizeof a.v); return a; }
static inline void block_store(double *x, block a) { memcpy(x, a.v, sizeof a.v); }
static inline block block_zero(void) { block a = {{0}}; return a; }
static inline block block_fma(double a, block x, block y)
{ for (int k = 0; k < LANES; k++) y.v[k] += a * x.v[k]; return y; }
#endif

/* how many partial sums of LANES doubles the registers hold */
#if defined(__AVX512F__)
#define BLOCKS_IN_REGISTERS 8
#elif defined(__AVX__)
#define BLOCKS_IN_REGISTERS 4
#else
#define BLOCKS_IN_REGISTERS 2
#endif

enum { UPDATE_TILE = 4 };  /* columns that one update of a residual block takes */

#if defined(__GNUC__) || defined(__clang__)
#define INLINE __attribute__((always_inline))
#else
#define INLINE
#endif

/* Whether the mean of a column is so far from zero, against its deviation, that to
 * subtract it after summing would cost more than three digits. */
static inline int mean_is_far(const Columns *X, ptrdiff_t j)
{
    double shift = X->mean[j] * X->scale[j];   /* the column's norm being near one */
    return shift * shift * X->weight_sum > 1e6;
}

/* the k-th of the asked columns */
#define COLUMN(k) (cols ? cols[k] : first + (k))

static inline double weight(const Columns *X, ptrdiff_t i)
{
    return X->weights ? X->weights[i] : 1.0;
}

#define REAL float
#define T f32
#include "dense.inc"
#define INDEX int32_t
#define TI f32_i32
#include "csc.inc"
#undef INDEX
#undef TI
#define INDEX int64_t
#define TI f32_i64
#include "csc.inc"
#undef INDEX
#undef TI
#undef REAL
#undef T

#define REAL double
#define T f64
#include "dense.inc"
#define INDEX int32_t
#define TI f64_i32
#include "csc.inc"
#undef INDEX
#undef TI
#define INDEX int64_t
#define TI f64_i64
#include "csc.inc"
#undef INDEX
#undef TI
#undef REAL
#undef T

static double vector_dot(ptrdiff_t n, const double *x, const double *y)
{
    return dot_centred_f64(n, x, 0.0, y);
}

static void vector_axpy(ptrdiff_t n, double a, const double *x, double *y)
{
    axpy_centred_f64(n, a, x, 0.0, y);
}

static ptrdiff_t vector_uncertain(const References *known, ptrdiff_t p, const double *l1,
                                  const double *alpha, const unsigned char *skip,
                                  ptrdiff_t *cols)
{
    ptrdiff_t count = 0;
    for (ptrdiff_t j = 0; j < p; j++) {
        if (skip[j])
            continue;
        int certain = known->slot[j] != RIATA_UNKNOWN;
        if (certain) {
            ptrdiff_t at = known->slot[j] * LANES;
            double c0 = known->c0[j], cq = known->cq[j], reach = known->reach[j];
            double room[LANES];
            int outside = 0;
            for (int k = 0; k < LANES; k++) {
                double c = known->A[at + k] * c0 + known->B[at + k] * cq;
                room[k] = alpha[k] * l1[j] - fabs(c) - reach * known->E[at + k];
            }
            for (int k = 0; k < LANES; k++)
                outside |= !(room[k] >= 0.0);
            certain = !outside;
        }
        cols[count] = j;       /* kept only if uncertain: no branch to mispredict */
        count += !certain;
    }
    return count;
}

static void vector_estimate(const References *known, ptrdiff_t p, int lane, double *out)
{
    for (ptrdiff_t j = 0; j < p; j++) {
        ptrdiff_t at = known->slot[j] * LANES + lane;
        out[j] = known->slot[j] == RIATA_UNKNOWN
            ? 0.0 : known->A[at] * known->c0[j] + known->B[at] * known->cq[j];
    }
}

#define DENSE(kind, t)                                                              \
    {kind##_dot_##t, kind##_axpy_##t, kind##_pass_##t, kind##_pass_block_##t,       \
     kind##_residual_block_##t, kind##_moments_##t, kind##_pack_##t}

const KernelTable PASTE(riata_kernels, RIATA_LEVEL) = {
    .dense_columns = {DENSE(columns, f32), DENSE(columns, f64)},
    .dense_rows = {DENSE(rows, f32), DENSE(rows, f64)},
    .csc = {{DENSE(csc, f32_i32), DENSE(csc, f32_i64)},
            {DENSE(csc, f64_i32), DENSE(csc, f64_i64)}},
    .vector = {vector_dot, vector_axpy, vector_uncertain, vector_estimate},
};
