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

enum { UPDATE_TILE = BLOCKS_IN_REGISTERS };  /* columns that one update of R takes */

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

/* The sweep, for a number of lanes known to the compiler. */
static inline INLINE void sweep_lanes(const Columns *X, const LanesProblem *P,
                                      ptrdiff_t count, const ptrdiff_t *order,
                                      const int lanes)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        ptrdiff_t k = order[i];
        double *w = P->w + k * lanes, step[LANES], size[LANES];
        double square = P->sqnorm[k], l1 = P->l1[k], l2 = P->l2[k];
        double lower = P->lower[k], upper = P->upper[k], moved = 0.0;
        if (square == 0.0)
            continue;
        if (lanes == 1)
            step[0] = X->verbs->dot(X, k, P->Q, P->qsum[0]);
        else
            X->verbs->pass_block(X, k, 1, NULL, P->Q, P->qsum, step);
        for (int a = 0; a < lanes; a++) {
            /* prox of the penalty, as in penalty.pxd */
            double u = step[a] + square * w[a];
            double new = fabs(u) - P->alpha[a] * l1;
            new = new > 0.0 ? new / (square + P->alpha[a] * l2) : 0.0;
            new = u > 0.0 ? new : -new;
            new = new < lower ? lower : new;
            new = new > upper ? upper : new;
            new = P->live[a] > 0.0 ? new : w[a];
            step[a] = w[a] - new;
            size[a] = square * step[a] * step[a];
            moved += size[a];
            w[a] = new;
        }
        if (moved > 0.0) {
            if (lanes == 1)
                X->verbs->axpy(X, k, step[0], P->Q, P->qsum);
            else
                X->verbs->axpy_block(X, k, step, P->Q, P->qsum);
            for (int a = 0; a < lanes; a++)
                P->largest[a] = size[a] > P->largest[a] ? size[a] : P->largest[a];
        }
    }
}

static void vector_sweep(const Columns *X, const LanesProblem *P, ptrdiff_t count,
                         const ptrdiff_t *order)
{
    if (P->lanes == 1)
        sweep_lanes(X, P, count, order, 1);
    else
        sweep_lanes(X, P, count, order, LANES);
}

/* ---- the logistic loss, written so that compilers make vectors of it ---------------- */

/* exp(-a) for a >= 0, to about two units in the last place; 0 from 708 on */
static inline INLINE double exp_minus(double a)
{
    double x = a < 708.0 ? -a : -708.0, k = rint(x * 1.4426950408889634);
    double r = (x - k * 0.693147180369123816490) - k * 1.90821492927058770002e-10;
    /* the Taylor series: |r| < 0.35 */
    double sum = 1.0 / 6227020800.0;
    sum = sum * r + 1.0 / 479001600.0;
    sum = sum * r + 1.0 / 39916800.0;
    sum = sum * r + 1.0 / 3628800.0;
    sum = sum * r + 1.0 / 362880.0;
    sum = sum * r + 1.0 / 40320.0;
    sum = sum * r + 1.0 / 5040.0;
    sum = sum * r + 1.0 / 720.0;
    sum = sum * r + 1.0 / 120.0;
    sum = sum * r + 1.0 / 24.0;
    sum = sum * r + 1.0 / 6.0;
    sum = sum * r + 0.5;
    sum = sum * r + 1.0;
    sum = sum * r + 1.0;
    int64_t bits = (int64_t)((int32_t)k + 1023) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return a < 708.0 ? sum * power : 0.0;
}

/* log(1 + x) for 0 <= x <= 1: twice the series of atanh, about 1 or about 2 */
static inline INLINE double log_one_plus(double x)
{
    int large = x > 0.41421356237309503;
    double z = large ? (x - 1.0) / (x + 3.0) : x / (x + 2.0), s = z * z;
    double sum = 1.0 / 21.0;
    sum = sum * s + 1.0 / 19.0;
    sum = sum * s + 1.0 / 17.0;
    sum = sum * s + 1.0 / 15.0;
    sum = sum * s + 1.0 / 13.0;
    sum = sum * s + 1.0 / 11.0;
    sum = sum * s + 1.0 / 9.0;
    sum = sum * s + 1.0 / 7.0;
    sum = sum * s + 1.0 / 5.0;
    sum = sum * s + 1.0 / 3.0;
    sum = sum * s + 1.0;
    return 2.0 * z * sum + (large ? 0.6931471805599453 : 0.0);
}

static inline INLINE double logistic_one(double y, double eta, double *residual)
{
    double e = exp_minus(fabs(eta)), p = (eta >= 0.0 ? 1.0 : e) / (1.0 + e);
    *residual = y - p;
    return log_one_plus(e) + (eta >= 0.0 ? (1.0 - y) * eta : -y * eta);
}

/* r = y - p and the sums of s (log(1 + exp(eta)) - y eta), for (n, lanes) predictors;
 * some rows at a time, their labels repeated, so that the loop that counts is long */
static void vector_logistic(ptrdiff_t n, int lanes, const double *y, const double *s,
                            const double *eta, double *r, double *total)
{
    enum { PART = 512 };
    double label[PART], value[PART];
    ptrdiff_t rows = PART / lanes;
    for (int k = 0; k < lanes; k++)
        total[k] = 0.0;
    for (ptrdiff_t first = 0; first < n; first += rows) {
        ptrdiff_t count = n - first < rows ? n - first : rows;
        const double *restrict e = eta + first * lanes;
        double *restrict out = r + first * lanes;
        for (ptrdiff_t i = 0; i < count; i++)
            for (int k = 0; k < lanes; k++)
                label[i * lanes + k] = y[first + i];
        for (ptrdiff_t i = 0; i < count * lanes; i++)
            value[i] = logistic_one(label[i], e[i], out + i);
        for (ptrdiff_t i = 0; i < count; i++) {
            double weight = s ? s[first + i] : 1.0;
            for (int k = 0; k < lanes; k++)
                total[k] += weight * value[i * lanes + k];
        }
    }
}

/* ---- a Gram matrix in the place of X -------------------------------------------- */

static double gram_dot(const Columns *G, ptrdiff_t j, const double *c, double unused)
{
    (void)G, (void)unused;
    return c[j];
}

static void gram_axpy(const Columns *G, ptrdiff_t j, double a, double *c, double *unused)
{
    (void)unused;
    vector_axpy(G->n, a, (const double *)G->data + j * G->ld, c);
}

static void gram_pass_block(const Columns *G, ptrdiff_t first, ptrdiff_t count,
                            const ptrdiff_t *cols, const double *C, const double *unused,
                            double *out)
{
    (void)G, (void)unused;
    for (ptrdiff_t k = 0; k < count; k++)
        block_store(out + k * LANES, block_load(C + COLUMN(k) * LANES));
}

static void gram_axpy_block(const Columns *G, ptrdiff_t j, const double *a, double *C,
                            double *unused)
{
    const double *g = (const double *)G->data + j * G->ld;
    block b = block_load(a);
    (void)unused;
    for (ptrdiff_t i = 0; i < G->n; i++)
        block_store(C + i * LANES, block_fma(g[i], b, block_load(C + i * LANES)));
}

#define VERBS(kind, t)                                                              \
    kind##_dot_##t, kind##_axpy_##t, kind##_pass_##t, kind##_pass_block_##t,        \
    kind##_residual_block_##t, kind##_moments_##t, kind##_pack_##t
#define DENSE(kind, t) {VERBS(kind, t), NULL}
#define CSC(t) {VERBS(csc, t), csc_axpy_block_##t}

const KernelTable PASTE(riata_kernels, RIATA_LEVEL) = {
    .dense_columns = {DENSE(columns, f32), DENSE(columns, f64)},
    .dense_rows = {DENSE(rows, f32), DENSE(rows, f64)},
    .csc = {{CSC(f32_i32), CSC(f32_i64)}, {CSC(f64_i32), CSC(f64_i64)}},
    .vector = {vector_dot, vector_axpy, vector_uncertain, vector_estimate,
               vector_sweep, vector_logistic},
    .gram = {.dot = gram_dot, .axpy = gram_axpy, .pass_block = gram_pass_block,
             .axpy_block = gram_axpy_block},
};
