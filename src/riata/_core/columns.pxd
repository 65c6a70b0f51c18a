"""The C side of a design matrix: see columns.h for what each verb computes."""

from libc.stdint cimport int64_t

cdef extern from "columns.h" nogil:
    enum:
        BLOCK "RIATA_BLOCK"

    ctypedef struct Verbs:
        double (*dot)(const Columns*, Py_ssize_t, const double*, double) noexcept nogil
        void (*axpy)(
            const Columns*, Py_ssize_t, double, double*, double*
        ) noexcept nogil
        # `pass` is a Python keyword
        void (*gradient "pass")(
            const Columns*, Py_ssize_t, Py_ssize_t, const Py_ssize_t*, const double*,
            double, double*
        ) noexcept nogil
        void (*gradient_block "pass_block")(
            const Columns*, Py_ssize_t, Py_ssize_t, const Py_ssize_t*, const double*,
            const double*, double*
        ) noexcept nogil
        void (*residual)(
            const Columns*, Py_ssize_t, const Py_ssize_t*, const double*, double*
        ) noexcept nogil
        void (*residual_block)(
            const Columns*, Py_ssize_t, const Py_ssize_t*, const double*, double*
        ) noexcept nogil
        void (*moments)(
            const Columns*, Py_ssize_t, Py_ssize_t, int, const double*, double*,
            double*, double*, double*
        ) noexcept nogil
        void (*pack)(
            const Columns*, Py_ssize_t, const Py_ssize_t*, Py_ssize_t, Py_ssize_t,
            double*, Py_ssize_t
        ) noexcept nogil
        void (*axpy_block)(
            const Columns*, Py_ssize_t, const double*, double*, double*
        ) noexcept nogil

    struct Columns:
        Py_ssize_t n, p
        const void* data
        Py_ssize_t ld
        const void* indices
        const int64_t* indptr
        const double* weights
        const double* mean
        const double* scale
        double weight_sum
        Py_ssize_t anchor
        const Verbs* verbs

    enum:
        UNKNOWN "RIATA_UNKNOWN"

    ctypedef struct References:
        const double* c0
        const double* cq
        const double* reach
        const unsigned char* slot
        const double* A
        const double* B
        const double* E

    ctypedef struct BatchProblem:
        int n_alphas
        const double* sqnorm
        const double* l1
        const double* l2
        const double* lower
        const double* upper
        const double* alpha
        const double* live
        double* w
        double* Q
        double* qsum
        double* largest

    ctypedef struct LossVisit:
        int width
        int count
        const int* which
        double unit
        double parameter
        const double* y
        const double* s
        const double* model
        const double* eta
        const double* step
        const double* shift
        const double* length
        double* moved
        double* r
        double* mean
        double* sums

    enum:
        N_LOSSES "RIATA_N_LOSSES"

    ctypedef void (*LossLoop)(const LossVisit*, Py_ssize_t, Py_ssize_t) noexcept nogil

    ctypedef struct VectorKernels:
        double (*dot)(Py_ssize_t, const double*, const double*) noexcept nogil
        void (*axpy)(Py_ssize_t, double, const double*, double*) noexcept nogil
        void (*combine)(
            Py_ssize_t, Py_ssize_t, const double*, Py_ssize_t, const Py_ssize_t*,
            const double*, double*
        ) noexcept nogil
        Py_ssize_t (*uncertain)(
            const References*, Py_ssize_t, const double*, const double*,
            const unsigned char*, Py_ssize_t*
        ) noexcept nogil
        void (*estimate)(const References*, Py_ssize_t, int, double*) noexcept nogil
        void (*subtract_means)(
            Py_ssize_t, const double*, int, double*, double*, double*
        ) noexcept nogil
        void (*sweep)(
            const Columns*, const BatchProblem*, Py_ssize_t, const Py_ssize_t*
        ) noexcept nogil
        LossLoop[N_LOSSES] loss

    ctypedef struct KernelTable:
        Verbs dense_columns[2]
        Verbs dense_rows[2]
        Verbs csc[2][2]
        Verbs gram
        VectorKernels vector

    const KernelTable* riata_kernel_table(const char* name)
    const char* riata_kernel_level(int i)
