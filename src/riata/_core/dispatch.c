/* Picks the kernel table: the best level that this processor runs, or one by name. */
#include "columns.h"

#include <string.h>

extern const KernelTable riata_kernels_baseline;
#ifdef RIATA_X86_LEVELS
extern const KernelTable riata_kernels_v3, riata_kernels_v4;
#endif

typedef struct { const char *name; const KernelTable *table; } Level;

static int levels(Level *out)
{
    int count = 0;
    out[count++] = (Level){"baseline", &riata_kernels_baseline};
#ifdef RIATA_X86_LEVELS
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
        && __builtin_cpu_supports("bmi2"))
        out[count++] = (Level){"x86-64-v3", &riata_kernels_v3};
    if (count == 2 && __builtin_cpu_supports("avx512f")
        && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd"))
        out[count++] = (Level){"x86-64-v4", &riata_kernels_v4};
#endif
    return count;
}

const char *riata_kernel_level(int i)
{
    Level known[3];
    return i >= 0 && i < levels(known) ? known[i].name : NULL;
}

const KernelTable *riata_kernel_table(const char *name)
{
    Level known[3];
    int count = levels(known);
    if (!name)
        return known[count - 1].table;
    for (int i = 0; i < count; i++)
        if (!strcmp(known[i].name, name))
            return known[i].table;
    return NULL;
}
