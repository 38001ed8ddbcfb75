#include "stat/quant.h"

#include <math.h>

#include "base/xalloc.h"

double quant_sorted(const int64_t *v, size_t n, double q)
{
    if (n == 0 || isnan(q))
        return NAN;
    double pos = MIN(MAX(q, 0.0), 1.0) * (double)(n - 1);
    size_t i = (size_t)pos;
    if (i + 1 >= n)
        return (double)v[n - 1];
    return (double)v[i] + (pos - (double)i) * ((double)v[i + 1] - (double)v[i]);
}

static void sort_small(int64_t *v, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        int64_t x = v[i];
        size_t k = i;
        for (; k > 0 && v[k - 1] > x; k--)
            v[k] = v[k - 1];
        v[k] = x;
    }
}

/* Radix sort by bytes from the low end; passes in which all keys agree are left out (latencies fill 4 to 5 of 8). */
void quant_sort(int64_t *v, size_t n)
{
    if (n < 64) {
        sort_small(v, n);
        return;
    }
    const uint64_t flip = 1ULL << 63; /* makes the order of the signed values that of their bits */
    size_t(*count)[256] = xcalloc(8, sizeof *count);
    uint64_t *a = xreallocarray(NULL, n, sizeof *a), *b = xreallocarray(NULL, n, sizeof *b);
    for (size_t i = 0; i < n; i++) {
        a[i] = (uint64_t)v[i] ^ flip;
        for (unsigned d = 0; d < 8; d++)
            count[d][a[i] >> (8 * d) & 255]++;
    }
    for (unsigned d = 0; d < 8; d++) {
        if (count[d][a[0] >> (8 * d) & 255] == n)
            continue;
        size_t at = 0;
        for (unsigned k = 0; k < 256; k++) {
            size_t c = count[d][k];
            count[d][k] = at;
            at += c;
        }
        for (size_t i = 0; i < n; i++)
            b[count[d][a[i] >> (8 * d) & 255]++] = a[i];
        uint64_t *t = a;
        a = b;
        b = t;
    }
    for (size_t i = 0; i < n; i++)
        v[i] = (int64_t)(a[i] ^ flip);
    free(a);
    free(b);
    free(count);
}

void moments_merge(struct moments *into, const struct moments *from)
{
    if (from->n == 0)
        return;
    if (into->n == 0 || from->min < into->min)
        into->min = from->min;
    if (into->n == 0 || from->max > into->max)
        into->max = from->max;
    into->n += from->n;
    into->sum += from->sum;
    into->sum_sq += from->sum_sq;
}

double moments_mean(const struct moments *m)
{
    return m->n ? (double)m->sum / (double)m->n : 0;
}

/* Sum of squared deviations without cancellation: with c = the mean cut to an integer and r = sum - n c, it is
 * sum_sq - 2 c sum + n c^2 - r^2 / n. All but the last term is integer arithmetic modulo 2^128, which is exact when the
 * result fits, even where sum_sq itself wrapped. */
double moments_std(const struct moments *m)
{
    if (m->n < 2)
        return 0;
    __int128 n = m->n, c = m->sum / n, r = m->sum % n;
    unsigned __int128 uc = (unsigned __int128)c, un = (unsigned __int128)n;
    unsigned __int128 dev = m->sum_sq - 2 * uc * (unsigned __int128)m->sum + un * uc * uc;
    double ss = (double)dev - (double)r * ((double)r / (double)n);
    return ss > 0 ? sqrt(ss / (double)(m->n - 1)) : 0;
}

uint64_t quant_min_n(double q)
{
    /* The interval's outer order statistic must lie beyond the quantile with 97.5 %: all n on one side of it has
     * probability max(q, 1-q)^n <= 2.5 %. */
    double p = MAX(q, 1 - q);
    if (!(p < 1))
        return UINT64_MAX;
    return (uint64_t)ceil(log(0.025) / log(p));
}

double binom_tail(uint64_t k, uint64_t n, double p)
{
    if (k == 0 || p >= 1)
        return 1;
    if (k > n || !(p > 0))
        return 0;
    int sign;
    double dn = (double)n, dk = (double)k, var = dn * p * (1 - p);
    if (var > 1e8) /* the normal distribution is as good, and does not take long */
        return 0.5 * erfc((dk - 0.5 - dn * p) / sqrt(2 * var));
    double log_term = lgamma_r(dn + 1, &sign) - lgamma_r(dk + 1, &sign) - lgamma_r(dn - dk + 1, &sign) + dk * log(p) +
                      (dn - dk) * log1p(-p);
    double term = exp(log_term), sum = term;
    for (uint64_t i = k; i < n; i++) { /* beyond the mean each term is smaller than the one before */
        term *= (double)(n - i) / (double)(i + 1) * p / (1 - p);
        sum += term;
        if (term < sum * 1e-12 && (double)i > dn * p)
            break;
    }
    return MIN(sum, 1.0);
}

void wilson95(uint64_t k, uint64_t n, double *lo, double *hi)
{
    if (n == 0) {
        *lo = 0;
        *hi = 1;
        return;
    }
    const double z = 1.959963984540054; /* the 97.5 % point of the normal distribution */
    double dn = (double)n, p = (double)k / dn, zz = z * z;
    double mid = (p + zz / (2 * dn)) / (1 + zz / dn);
    double half = z / (1 + zz / dn) * sqrt(p * (1 - p) / dn + zz / (4 * dn * dn));
    *lo = k == 0 ? 0 : MAX(mid - half, 0.0);
    *hi = k >= n ? 1 : MIN(mid + half, 1.0);
}

double index_of_dispersion(const int64_t *t, size_t n, int64_t bin)
{
    if (n == 0 || bin <= 0)
        return NAN;
    /* Sorted, so that memory follows the number of instants and not the span over the bin. */
    int64_t *v = xreallocarray(NULL, n, sizeof *v);
    memcpy(v, t, n * sizeof *v);
    quant_sort(v, n);
    uint64_t bins = ((uint64_t)v[n - 1] - (uint64_t)v[0]) / (uint64_t)bin; /* whole ones; the rest is left out */
    uint64_t sum = 0, run = 0, at = 0;
    double sq = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t k = ((uint64_t)v[i] - (uint64_t)v[0]) / (uint64_t)bin;
        if (k >= bins)
            break;
        if (k != at) {
            sq += (double)run * (double)run;
            at = k;
            run = 0;
        }
        run++;
        sum++;
    }
    sq += (double)run * (double)run;
    free(v);
    if (bins < 2)
        return NAN;
    double mean = (double)sum / (double)bins;
    return (sq - (double)sum * mean) / (double)(bins - 1) / mean;
}
