/* The design matrix, seen by the compiled code as a set of columns.
 *
 * Every kernel works on the *centred and scaled* column
 *
 *     x~_j = scale[j] * (x_j - mean[j])
 *
 * without ever forming it.  Vectors of length n are double whatever the type of X.
 * A weighted residual is carried as the pair (q, qsum): sparse columns are never
 * made dense, so an update of a sparse column adds the raw column to q and qsum
 * keeps sum(q); with it, x~_j' r = scale[j] * (x_j' q - mean[j] * qsum) is exact
 * although q itself was never centred.  Dense columns are centred on the fly and
 * leave qsum alone.
 *
 * Blocks of residuals are row-major with BLOCK = 8 columns: one cache line a row.
 *
 * Which function serves which storage (dense columns, dense rows, CSC), element type
 * and index type is decided once, when `Verbs` is looked up; which instruction set,
 * once per process.
 */
#ifndef RIATA_COLUMNS_H
#define RIATA_COLUMNS_H

#include <stddef.h>
#include <stdint.h>

#define RIATA_BLOCK 8

typedef struct Columns Columns;

typedef struct {
    /* x~_j' r */
    double (*dot)(const Columns *X, ptrdiff_t j, const double *q, double qsum);
    /* q += a * s * x~_j */
    void (*axpy)(const Columns *X, ptrdiff_t j, double a, double *q, double *qsum);
    /* out[k] = x~_{cols[k]}' r          cols NULL: columns first, first + 1, ... */
    void (*pass)(const Columns *X, ptrdiff_t first, ptrdiff_t count,
                 const ptrdiff_t *cols, const double *q, double qsum, double *out);
    /* out[k, :] = x~_{cols[k]}' R       for a block R of BLOCK residuals */
    void (*pass_block)(const Columns *X, ptrdiff_t first, ptrdiff_t count,
                       const ptrdiff_t *cols, const double *Q, const double *qsum,
                       double *out);
    /* r -= X~[:, cols] @ b               weights are ignored */
    void (*residual)(const Columns *X, ptrdiff_t n_cols, const ptrdiff_t *cols,
                     const double *b, double *r);
    /* R -= X~[:, cols] @ B               B is (n_cols, BLOCK) */
    void (*residual_block)(const Columns *X, ptrdiff_t n_cols, const ptrdiff_t *cols,
                           const double *B, double *R);
    /* mean[j], ||x~_j||^2, largest |x_ij| and x~_j' (s y) in one visit, with the scale
     * as it stands; `center` = 0 keeps mean[j] = 0; sum(s y) = 0 is assumed where it is
     * not.  A NaN or inf in column j shows as a NaN peak. */
    void (*moments)(const Columns *X, ptrdiff_t first, ptrdiff_t last, int center,
                    const double *sy, double *mean, double *sqnorm, double *peak,
                    double *xty);
    /* P[:, k] = sqrt(s) * x~_{cols[k]}, rows first:last, P with leading dimension ldp */
    void (*pack)(const Columns *X, ptrdiff_t n_cols, const ptrdiff_t *cols,
                 ptrdiff_t first, ptrdiff_t last, double *P, ptrdiff_t ldp);
    /* Q += s * x~_j a'                  for a block Q and BLOCK factors a; not for dense X */
    void (*axpy_block)(const Columns *X, ptrdiff_t j, const double *a, double *Q,
                       double *qsum);
} Verbs;

struct Columns {
    ptrdiff_t n, p;
    const void *data;
    ptrdiff_t ld;             /* elements between columns (rows, for row storage) */
    const void *indices;      /* CSC only */
    const int64_t *indptr;    /* CSC only */
    const double *weights;    /* s, mean one; NULL: all one */
    const double *mean;       /* length p */
    const double *scale;      /* length p */
    double weight_sum;        /* sum(s) = n */
    ptrdiff_t anchor;         /* a row of positive weight: sums are taken about it */
    const Verbs *verbs;
};

/* What is known of each column's correlation from an earlier residual, its reference:
 * of a new residual r = A r_0 + B r_ref + e, with e orthogonal to both,
 * |x~_j' r - (A c0_j + B cq_j)| <= reach_j ||e||, the reach being the norm of the part of
 * x~_j that is orthogonal to r_0 and r_ref. */
typedef struct {
    const double *c0, *cq, *reach;
    const unsigned char *slot;    /* which reference; RIATA_UNKNOWN: none any more */
    const double *A, *B, *E;      /* (slots, BLOCK) of the residuals at hand */
} References;
#define RIATA_UNKNOWN 255

/* Penalised least-squares problems on the columns of X that differ in alpha: `n_alphas` of
 * them (1 or BLOCK), side by side in every array. */
typedef struct {
    int n_alphas;
    const double *sqnorm, *l1, *l2, *lower, *upper;
    const double *alpha;          /* (n_alphas,) */
    const double *live;           /* (n_alphas,) 1, or 0 for one that does not move */
    double *w;                    /* (size, n_alphas) */
    double *Q, *qsum;             /* weighted residuals: (n, n_alphas), (n_alphas,) */
    double *largest;              /* (n_alphas,) max of sqnorm * step^2, updated */
} BatchProblem;

/* Predictors of several vectors along a step, and a loss there:
 *
 *     moved = eta + length * (step + shift)        for all vectors
 *     r = unit * s * residual(y, moved)            for some of them
 *     mean = curvature(y, moved), the mean of those
 *
 * and, added up over the rows, s * loss; r; |r|; r * (step + shift); s * curvature;
 * model * (step + shift)^2. */
typedef struct {
    int width, count;             /* vectors of the arrays; how many are evaluated, 512 at most */
    const int *which;             /* (count,) */
    double unit, parameter;       /* of residuals; of the loss */
    const double *y, *s, *model;  /* (n,) s NULL: all one; model NULL: zero */
    const double *eta, *step;     /* (n, width) step NULL: zero */
    const double *shift, *length; /* (width,) */
    double *moved, *r;            /* (n, width) */
    double *mean;                 /* (n,) */
    double *sums;                 /* (6, width) updated */
} LossVisit;

/* Losses with a compiled loop: the log loss, half of Poisson's and of gamma's unit deviance,
 * Huber's loss (with its delta as parameter) and half the squared hinge. */
enum { RIATA_LOGISTIC, RIATA_POISSON, RIATA_GAMMA, RIATA_HUBER, RIATA_SQUARED_HINGE,
       RIATA_N_LOSSES };
typedef void (*LossLoop)(const LossVisit *V, ptrdiff_t first, ptrdiff_t last);

/* Kernels on plain double vectors. */
typedef struct {
    double (*dot)(ptrdiff_t n, const double *x, const double *y);
    void (*axpy)(ptrdiff_t n, double a, const double *x, double *y);
    /* y += sum_k a[k] G[:n, cols[k]] for columns ld apart; cols NULL: 0, 1, ... */
    void (*combine)(ptrdiff_t n, ptrdiff_t count, const double *G, ptrdiff_t ld,
                    const ptrdiff_t *cols, const double *a, double *y);
    /* columns (skip[j] = 0) for which |c_j| <= alpha l1_j is not certain at all alphas;
     * returns how many */
    ptrdiff_t (*uncertain)(const References *known, ptrdiff_t p, const double *l1,
                           const double *alpha, const unsigned char *skip,
                           ptrdiff_t *cols);
    /* out[j] = A c0_j + B cq_j for one alpha */
    void (*estimate)(const References *known, ptrdiff_t p, int k, double *out);
    /* means (with `center`) off the columns of a block R of BLOCK residuals; then the sums
     * and the sums of squares of what is left, weighted by s (NULL: ones) */
    void (*subtract_means)(ptrdiff_t n, const double *s, int center, double *R, double *sum,
                   double *square);
    /* one sweep of coordinate descent over `count` columns, for all alphas at once */
    void (*sweep)(const Columns *X, const BatchProblem *P, ptrdiff_t count,
                  const ptrdiff_t *order);
    /* A visit of rows first:last, for the losses of RIATA_LOSSES in their order */
    LossLoop loss[RIATA_N_LOSSES];
} VectorKernels;

typedef struct {
    Verbs dense_columns[2], dense_rows[2];   /* [is_double] */
    Verbs csc[2][2];                         /* [is_double][index is 64 bit] */
    /* The symmetric matrix G = X'X by columns, the state of a residual being X'r: dot is
     * a look-up, and axpy adds a * G[:, j]. */
    Verbs gram;
    VectorKernels vector;
} KernelTable;

/* The table of one instruction-set level, or NULL where this build or this processor
 * has none of that name; name NULL: the best this processor runs. */
const KernelTable *riata_kernel_table(const char *name);
/* The i-th level that this processor can run, from the plainest; NULL past the end. */
const char *riata_kernel_level(int i);

#endif
