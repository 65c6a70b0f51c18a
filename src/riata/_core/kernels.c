/* All arithmetic kernels, compiled once per instruction-set level (RIATA_LEVEL is the
 * level's name).  Plain C with vector types as wide as the level's registers: a compiler
 * keeps wider ones in memory.  `dense.inc` and `csc.inc` are the same loops for each
 * element and index type. */
#include "columns.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define BLOCK RIATA_BLOCK
#define PASTE_(a, b) a##_##b
#define PASTE(a, b) PASTE_(a, b)

#if defined(__GNUC__) || defined(__clang__)
#define INLINE __attribute__((always_inline))
#define PREFETCH(address) __builtin_prefetch(address)
#define VECTORS 1
#else
#define INLINE
#define PREFETCH(address) ((void)(address))
#define VECTORS 0
#endif

/* ---- vectors, and blocks of BLOCK doubles made of them -------------------------------
 *
 * WIDTH     doubles in a register
 * TILE      columns that are worked on together: their blocks, one more and a factor fit
 *           into the registers
 *
 * The parts of a block, and the blocks of a tile, are variables with names rather than
 * arrays, so that all of them are in registers. */

#if VECTORS && defined(__AVX512F__)         /* 32 registers of 64 bytes */
#define WIDTH 8
#define EACH_PART(DO) DO(a)
#define TILE 8
#define EACH_COLUMN(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7)
#elif VECTORS && defined(__AVX__)           /* 16 of 32 */
#define WIDTH 4
#define EACH_PART(DO) DO(a) DO(b)
#define TILE 6
#define EACH_COLUMN(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5)
#elif VECTORS && defined(__aarch64__)       /* 32 of 16 */
#define WIDTH 2
#define EACH_PART(DO) DO(a) DO(b) DO(c) DO(d)
#define TILE 4
#define EACH_COLUMN(DO) DO(0) DO(1) DO(2) DO(3)
#elif VECTORS                               /* 16 of 16 */
#define WIDTH 2
#define EACH_PART(DO) DO(a) DO(b) DO(c) DO(d)
#define TILE 2
#define EACH_COLUMN(DO) DO(0) DO(1)
#else                                       /* a compiler without vector types */
#define WIDTH 1
#define EACH_PART(DO) DO(a) DO(b) DO(c) DO(d) DO(e) DO(f) DO(g) DO(h)
#define TILE 1
#define EACH_COLUMN(DO) DO(0)
#endif

#if defined(__has_builtin)
#if __has_builtin(__builtin_assoc_barrier)
#define IN_ORDER(sum) __builtin_assoc_barrier(sum)
#endif
#endif
#ifndef IN_ORDER
#define IN_ORDER(sum) (sum)
#endif

#if VECTORS
typedef double vec __attribute__((vector_size(8 * WIDTH)));
typedef double vec_f64 __attribute__((vector_size(8 * WIDTH), aligned(8), may_alias));
typedef float vec_f32 __attribute__((vector_size(4 * WIDTH), aligned(4), may_alias));
typedef __typeof__((vec){0} >= (vec){0}) mask;
#define CONVERT(x) __builtin_convertvector(x, vec)
#define MASKED(m, k) ((m)[k])
#else
typedef double vec, vec_f64;
typedef float vec_f32;
typedef int mask;
#define CONVERT(x) ((vec)(x))
#define MASKED(m, k) (m)
#endif

/* WIDTH elements, as doubles */
static inline INLINE vec load_f64(const double *x) { return *(const vec_f64 *)x; }
static inline INLINE vec load_f32(const float *x)
{
    return CONVERT(*(const vec_f32 *)x);
}
static inline INLINE void store(double *x, vec a) { *(vec_f64 *)x = a; }

static inline INLINE double vec_sum(vec a)
{
    double x[WIDTH], sum = 0.0;
    memcpy(x, &a, sizeof x);
    for (int k = 0; k < WIDTH; k++)
        sum += x[k];
    return sum;
}

static inline INLINE int all_of(mask m)
{
    int all = 1;
    for (int k = 0; k < WIDTH; k++)
        all &= MASKED(m, k) != 0;
    return all;
}

enum { AT_a, AT_b, AT_c, AT_d, AT_e, AT_f, AT_g, AT_h };   /* where each part begins */
#define FIELD(part) vec part;
typedef struct { EACH_PART(FIELD) } block;

#define PART(part) a.part = load_f64(x + AT_##part * WIDTH);
static inline INLINE block block_load(const double *x)
{ block a; EACH_PART(PART) return a; }
#undef PART
#define PART(part) store(x + AT_##part * WIDTH, a.part);
static inline INLINE void block_store(double *x, block a) { EACH_PART(PART) }
#undef PART
#define PART(part) a.part = (vec){0};
static inline INLINE block block_zero(void) { block a; EACH_PART(PART) return a; }
#undef PART
/* (one multiply-add a part: compilers that may reorder sums make trees of them) */
#define PART(part) y.part = IN_ORDER(a * x.part + y.part);
static inline INLINE block block_fma(double a, block x, block y) { EACH_PART(PART) return y; }
#undef PART
#define PART(part) z.part = x.part * y.part + z.part;
static inline INLINE block block_product(block x, block y, block z)
{ EACH_PART(PART) return z; }
#undef PART

/* Rows of a block that stay in the first cache (16 kB), and how far apart their columns
 * are put: not by a power of two, lest they compete for the same lines. */
enum { PANEL = 256, APART = PANEL + BLOCK, RUN = 8 * PANEL };

/* out[c, :] += sum_i x_c[i * step] R[i, :]           for TILE vectors x_c */
static void tile_products(ptrdiff_t n, const double *const *x, ptrdiff_t step,
                          const double *R, double *out)
{
#define START(c) const double *x##c = x[c]; block sum##c = block_load(out + c * BLOCK);
#define ADD(c) sum##c = block_fma(x##c[at], r, sum##c);
#define END(c) block_store(out + c * BLOCK, sum##c);
    EACH_COLUMN(START)
    for (ptrdiff_t i = 0, at = 0; i < n; i++, at += step) {
        block r = block_load(R + i * BLOCK);
        EACH_COLUMN(ADD)
    }
    EACH_COLUMN(END)
#undef START
#undef ADD
#undef END
}

/* The same for `width` of them, at most TILE; the other x_c may be anything as long. */
static void some_products(int width, ptrdiff_t n, const double *const *x, ptrdiff_t step,
                          const double *R, double *out)
{
    if (width == TILE) {
        tile_products(n, x, step, R, out);
    } else {
        double part[TILE * BLOCK] = {0.0};
        memcpy(part, out, (size_t)width * BLOCK * sizeof(double));
        tile_products(n, x, step, R, part);
        memcpy(out, part, (size_t)width * BLOCK * sizeof(double));
    }
}

/* R[i, :] += sum_c x_c[i] B[c, :]                    for TILE vectors x_c */
static void tile_update(ptrdiff_t n, const double *const *x, const double *B, double *R)
{
#define START(c) const double *x##c = x[c]; const block b##c = block_load(B + c * BLOCK);
#define ADD(c) r = block_fma(x##c[i], b##c, r);
    EACH_COLUMN(START)
    for (ptrdiff_t i = 0; i < n; i++) {
        block r = block_load(R + i * BLOCK);
        EACH_COLUMN(ADD)
        block_store(R + i * BLOCK, r);
    }
#undef START
#undef ADD
}

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

static double vector_dot(ptrdiff_t n, const double *x, const double *y)
{
    return dot_centred_f64(n, x, 0.0, y);
}

static void vector_axpy(ptrdiff_t n, double a, const double *x, double *y)
{
    axpy_centred_f64(n, a, x, 0.0, y);
}

/* Eight columns at a time: one load and store of y for as many multiply-adds. */
static void vector_combine(ptrdiff_t n, ptrdiff_t count, const double *G, ptrdiff_t ld,
                           const ptrdiff_t *cols, const double *a, double *restrict y)
{
    enum { EIGHT = 8 };
    for (ptrdiff_t k = 0; k < count; k += EIGHT) {
        const double *x[EIGHT];
        double b[EIGHT];
        for (int t = 0; t < EIGHT; t++) {
            ptrdiff_t at = k + t < count ? k + t : k;
            x[t] = G + (cols ? cols[at] : at) * ld;
            b[t] = k + t < count ? a[at] : 0.0;
        }
        for (ptrdiff_t i = 0; i < n; i++)
            y[i] += ((b[0] * x[0][i] + b[1] * x[1][i]) + (b[2] * x[2][i] + b[3] * x[3][i]))
                  + ((b[4] * x[4][i] + b[5] * x[5][i]) + (b[6] * x[6][i] + b[7] * x[7][i]));
    }
}

static ptrdiff_t vector_uncertain(const References *known, ptrdiff_t p, const double *l1,
                                  const double *alpha, const unsigned char *skip,
                                  ptrdiff_t *cols)
{
    const block alphas = block_load(alpha);
    ptrdiff_t count = 0;
    for (ptrdiff_t j = 0; j < p; j++) {
        if (skip[j])
            continue;
        int certain = known->slot[j] != RIATA_UNKNOWN;
        if (certain) {
            ptrdiff_t at = known->slot[j] * BLOCK;
            double c0 = known->c0[j], cq = known->cq[j];
            block c = block_fma(c0, block_load(known->A + at), block_zero());
            c = block_fma(cq, block_load(known->B + at), c);
            block room = block_fma(l1[j], alphas, block_zero());
            room = block_fma(-known->reach[j], block_load(known->E + at), room);
            /* |c| <= room, and neither is NaN */
#define PART(part) & (room.part - c.part >= 0.0) & (room.part + c.part >= 0.0)
            certain = all_of((room.a == room.a) EACH_PART(PART));
#undef PART
        }
        cols[count] = j;       /* kept only if uncertain: no branch to mispredict */
        count += !certain;
    }
    return count;
}

static void vector_estimate(const References *known, ptrdiff_t p, int k, double *out)
{
    for (ptrdiff_t j = 0; j < p; j++) {
        ptrdiff_t at = known->slot[j] * BLOCK + k;
        out[j] = known->slot[j] == RIATA_UNKNOWN
            ? 0.0 : known->A[at] * known->c0[j] + known->B[at] * known->cq[j];
    }
}

static inline INLINE void subtract_weighted_means(ptrdiff_t n, const double *s, int center,
                                         double *R, double *sum, double *square)
{
    block total = block_zero(), squares = block_zero(), mean = block_zero();
    double count = 0.0;
    if (center) {
        for (ptrdiff_t i = 0; i < n; i++) {
            total = block_fma(s ? s[i] : 1.0, block_load(R + i * BLOCK), total);
            count += s ? s[i] : 1.0;
        }
        mean = block_fma(1.0 / count, total, mean);
        total = block_zero();
    }
    for (ptrdiff_t i = 0; i < n; i++) {
        block r = block_fma(-1.0, mean, block_load(R + i * BLOCK));
        block weighted = block_fma(s ? s[i] : 1.0, r, block_zero());
        block_store(R + i * BLOCK, r);
        total = block_fma(1.0, weighted, total);
        squares = block_product(weighted, r, squares);
    }
    block_store(sum, total);
    block_store(square, squares);
}

static void vector_subtract_means(ptrdiff_t n, const double *s, int center, double *R,
                          double *sum, double *square)
{
    if (s)
        subtract_weighted_means(n, s, center, R, sum, square);
    else
        subtract_weighted_means(n, NULL, center, R, sum, square);
}

/* The sweep, for a number of alphas known to the compiler. */
static inline INLINE void sweep_batch(const Columns *X, const BatchProblem *P,
                                      ptrdiff_t count, const ptrdiff_t *order,
                                      const int n_alphas)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        ptrdiff_t k = order[i];
        double *w = P->w + k * n_alphas, step[BLOCK], size[BLOCK];
        double square = P->sqnorm[k], l1 = P->l1[k], l2 = P->l2[k];
        double lower = P->lower[k], upper = P->upper[k], moved = 0.0;
        if (square == 0.0)
            continue;
        if (n_alphas == 1)
            step[0] = X->verbs->dot(X, k, P->Q, P->qsum[0]);
        else
            X->verbs->pass_block(X, k, 1, NULL, P->Q, P->qsum, step);
        for (int a = 0; a < n_alphas; a++) {
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
            if (n_alphas == 1)
                X->verbs->axpy(X, k, step[0], P->Q, P->qsum);
            else
                X->verbs->axpy_block(X, k, step, P->Q, P->qsum);
            for (int a = 0; a < n_alphas; a++)
                P->largest[a] = size[a] > P->largest[a] ? size[a] : P->largest[a];
        }
    }
}

static void vector_sweep(const Columns *X, const BatchProblem *P, ptrdiff_t count,
                         const ptrdiff_t *order)
{
    if (P->n_alphas == 1)
        sweep_batch(X, P, count, order, 1);
    else
        sweep_batch(X, P, count, order, BLOCK);
}

#include "losses.inc"

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
        block_store(out + k * BLOCK, block_load(C + COLUMN(k) * BLOCK));
}

static void gram_axpy_block(const Columns *G, ptrdiff_t j, const double *a, double *C,
                            double *unused)
{
    const double *g = (const double *)G->data + j * G->ld;
    block b = block_load(a);
    (void)unused;
    for (ptrdiff_t i = 0; i < G->n; i++)
        block_store(C + i * BLOCK, block_fma(g[i], b, block_load(C + i * BLOCK)));
}

#define VERBS(kind, t)                                                              \
    kind##_dot_##t, kind##_axpy_##t, kind##_pass_##t, kind##_pass_block_##t,        \
    kind##_residual_##t, kind##_residual_block_##t, kind##_moments_##t,              \
    kind##_pack_##t
#define DENSE(kind, t) {VERBS(kind, t), NULL}
#define CSC(t) {VERBS(csc, t), csc_axpy_block_##t}

const KernelTable PASTE(riata_kernels, RIATA_LEVEL) = {
    .dense_columns = {DENSE(columns, f32), DENSE(columns, f64)},
    .dense_rows = {DENSE(rows, f32), DENSE(rows, f64)},
    .csc = {{CSC(f32_i32), CSC(f32_i64)}, {CSC(f64_i32), CSC(f64_i64)}},
    .vector = {vector_dot, vector_axpy, vector_combine, vector_uncertain, vector_estimate,
               vector_subtract_means, vector_sweep,
               {vector_logistic, vector_poisson, vector_gamma, vector_huber,
                vector_squared_hinge}},
    .gram = {.dot = gram_dot, .axpy = gram_axpy, .pass_block = gram_pass_block,
             .axpy_block = gram_axpy_block},
};
