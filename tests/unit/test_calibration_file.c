#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "campaign/calibrate.h"
#include "campaign/campaign_private.h"

static void test_path(void **state)
{
    (void)state;
    setenv("HOME", "/anyone", 1);
    setenv("XDG_STATE_HOME", "/elsewhere", 1);
    char *p = calibration_path();
    assert_string_equal(p, "/elsewhere/weir/calibration.json");
    free(p);
    setenv("XDG_STATE_HOME", "not/absolute", 1); /* is to be ignored */
    p = calibration_path();
    assert_string_equal(p, "/anyone/.local/state/weir/calibration.json");
    free(p);
    unsetenv("XDG_STATE_HOME");
    unsetenv("HOME");
    assert_null(calibration_path());
    assert_true(isnan(calibration_stored()));
}

static double stored(const char *path, const char *fmt, const char *version, const char *cpu, long cores)
{
    struct buf b = BUF_INIT(4096);
    buf_addf(&b, "{\"schema\":\"weir.calibration/1\",\"weir\":\"%s\",\"machine\":{\"cpu\":\"%s\",\"cores\":%ld},%s}",
             version, cpu, cores, fmt);
    assert_int_equal(file_write(path, buf_str(&b), NULL), 0);
    buf_free(&b);
    return calibration_stored();
}

static void test_stored(void **state)
{
    (void)state;
    char dir[] = "/tmp/weir-calibration-XXXXXX", path[128], cpu[128];
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    static const char some[] = "\"ceiling_events_per_s\":1234.5";
    machine_cpu_model(cpu);
    if (!cpu[0])
        skip(); /* the kernel names no model here: nothing can be told from another machine's */
    assert_non_null(mkdtemp(dir));
    setenv("XDG_STATE_HOME", dir, 1);
    assert_true(isnan(calibration_stored()));
    snprintf(path, sizeof path, "%s/weir", dir);
    assert_int_equal(dir_make(path, NULL), 0);
    snprintf(path, sizeof path, "%s/weir/calibration.json", dir);
    assert_true(stored(path, some, WEIR_VERSION, cpu, cores) == 1234.5);
    assert_true(isnan(stored(path, some, "0.0.0", cpu, cores)));
    assert_true(isnan(stored(path, some, WEIR_VERSION, "another", cores)));
    assert_true(isnan(stored(path, some, WEIR_VERSION, cpu, cores + 1)));
    assert_true(isnan(stored(path, "\"ceiling_events_per_s\":null", WEIR_VERSION, cpu, cores)));
    assert_true(isnan(stored(path, "\"ceiling_events_per_s\":0", WEIR_VERSION, cpu, cores)));
    assert_true(isnan(stored(path, "broken", WEIR_VERSION, cpu, cores)));
    unlink(path);
    snprintf(path, sizeof path, "%s/weir", dir);
    rmdir(path);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_path), cmocka_unit_test(test_stored)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
