#include "stat/steady.h"

#include <math.h>

#include "base/xalloc.h"

static double mean_of(const double *y, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += y[i];
    return n ? sum / (double)n : 0;
}

size_t mser(const double *y, size_t n)
{
    /* From the end: sum and squares of what remains, about the whole mean so that little cancels. */
    double centre = mean_of(y, n), sum = 0, squares = 0, best = INFINITY;
    size_t cut = 0;
    for (size_t d = n; d-- > 0;) {
        double v = y[d] - centre, left = (double)(n - d);
        sum += v;
        squares += v * v;
        double mark = (squares - sum * sum / left) / (left * left);
        if (d <= n / 2 && mark <= best) { /* of equals the one that leaves out less */
            best = mark;
            cut = d;
        }
    }
    return cut;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v, size_t n)
{
    if (n == 0)
        return 0;
    qsort(v, n, sizeof *v, by_value);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static double ties_of(const double *y, size_t n)
{
    double *v = xreallocarray(NULL, n, sizeof *v), sum = 0;
    memcpy(v, y, n * sizeof *v);
    qsort(v, n, sizeof *v, by_value);
    for (size_t i = 0, k; i < n; i = k) {
        for (k = i + 1; k < n && v[k] == v[i];)
            k++;
        double t = (double)(k - i);
        sum += t * (t - 1) * (2 * t + 5);
    }
    free(v);
    return sum;
}

struct trend mann_kendall(const double *y, size_t n, double inflation)
{
    struct trend t = {.p = 1};
    if (n < 3)
        return t;
    double *slopes = xreallocarray(NULL, n * (n - 1) / 2, sizeof *slopes);
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = i + 1; j < n; j++) {
            t.s += (y[j] > y[i]) - (y[j] < y[i]);
            slopes[k++] = (y[j] - y[i]) / (double)(j - i);
        }
    }
    t.slope = median(slopes, k);
    free(slopes);
    double dn = (double)n;
    t.var = (dn * (dn - 1) * (2 * dn + 5) - ties_of(y, n)) / 18;
    if (t.var > 0 && t.s != 0) {
        t.z = (double)(t.s > 0 ? t.s - 1 : t.s + 1) / sqrt(t.var * MAX(inflation, 1.0));
        t.p = erfc(fabs(t.z) / sqrt(2));
    }
    return t;
}

double steady_lag1(const double *y, size_t n)
{
    double mean = mean_of(y, n), own = 0, next = 0;
    for (size_t i = 0; i < n; i++) {
        own += (y[i] - mean) * (y[i] - mean);
        if (i)
            next += (y[i] - mean) * (y[i - 1] - mean);
    }
    return own > 0 ? next / own : 0;
}

double steady_inflation(const double *y, size_t n)
{
    if (n < 3)
        return 1;
    double r = steady_lag1(y, n);
    r += (1 + 3 * r) / (double)n;
    r = MIN(MAX(r, 0.0), 0.9);
    return (1 + r) / (1 - r);
}
