/* test_aws_process.c - credential_process: programs that answer, and programs that do not. */
#include "aws_rig.h"

#include <fcntl.h>

static void process(struct rig *r, const char *command)
{
    char *text = xasprintf("[default]\ncredential_process = %s\n", command);
    rig_file(r, ".aws/config", text);
    free(text);
}

static void answers(void **state)
{
    struct rig r;
    char command[200];
    rig_open(&r);
    rig_file(&r, "a b.json",
             "{\"Version\":1,\"AccessKeyId\":\"AK\",\"SecretAccessKey\":\"s\",\"SessionToken\":\"t\","
             "\"Expiration\":\"2023-11-14T23:13:20+00:00\"}");
    snprintf(command, sizeof command, "cat \"%s/a b.json\"", r.home);
    process(&r, command);
    assert_string_equal(rig_get(&r), "AK s t 1700003600 profile default (its program)");
    rig_file(&r, "a b.json", "{\"Version\":1,\"AccessKeyId\":\"AK\",\"SecretAccessKey\":\"s\"}");
    assert_string_equal(rig_get(&r), "AK s - 0 profile default (its program)");
    rig_close(&r);
}

/* Nothing of the line is for a shell: no variable, no command, no second command. */
static void no_shell(void **state)
{
    struct rig r;
    rig_open(&r);
    process(&r, "printf '{\"Version\":1,\"AccessKeyId\":\"%s\",\"SecretAccessKey\":\"%s\"}' \"$HOME`id`\" ;");
    assert_string_equal(rig_get(&r), "$HOME`id` ; - 0 profile default (its program)");
    rig_close(&r);
}

static void failures(void **state)
{
    struct rig r;
    rig_open(&r);
    process(&r, "/nonexistent/program x");
    rig_says(&r, "! profile default: its credential_process /nonexistent/program cannot be started: No such file");
    process(&r, "sh -c 'exit 3'");
    rig_says(&r, "its credential_process sh failed with exit code 3; run it to see why");
    process(&r, "sh -c 'kill -9 $$'");
    rig_says(&r, "its credential_process sh was ended by signal 9");
    process(&r, "echo hidden");
    rig_says(&r, "prints no JSON object");
    assert_null(strstr(rig_get(&r), "hidden"));
    process(&r, "echo '{\"Version\":2}'");
    rig_says(&r, "does not print \"Version\": 1");
    process(&r, "echo '{\"Version\":1,\"AccessKeyId\":\"a\"}'");
    rig_says(&r, "its credential_process echo: the JSON has no SecretAccessKey");
    process(&r, "echo 'a");
    rig_says(&r, "has a quote that is not closed");
    process(&r, "");
    rig_says(&r, "its credential_process is empty");
    process(&r, "head -c 70000 /dev/zero");
    rig_says(&r, "prints more than 64 KiB");
    process(
        &r,
        "sh -c 'cat; echo \"{\\\"Version\\\":1,\\\"AccessKeyId\\\":\\\"a\\\",\\\"SecretAccessKey\\\":\\\"b\\\"}\"'");
    rig_says(&r, "a b - 0"); /* its input is at its end at once */
    rig_close(&r);
}

/* Nobody is left who holds the other end of this pipe, which each of them has as its stderr. */
static void is_killed(const char *command)
{
    struct rig r;
    struct aws_creds c = {0};
    struct err e = {0};
    int fds[2], mine = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    char byte;
    rig_open(&r);
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    dup2(fds[1], STDERR_FILENO);
    int64_t began = clock_mono();
    int rc = aws_from_process_within(command, 300 * NS_PER_MS, &c, &e);
    dup2(mine, STDERR_FILENO);
    close(mine);
    close(fds[1]);
    assert_int_equal(rc, -1);
    assert_int_equal(read(fds[0], &byte, 1), 0);
    assert_true(clock_mono() - began < 60 * NS_PER_S);
    close(fds[0]);
    if (!strstr(e.text, "did not end within"))
        fail_msg("%s", e.text);
    rig_close(&r);
}

static void time_limit(void **state)
{
    is_killed("sleep 100");
    is_killed("sh -c 'exec >&-; exec sleep 100'"); /* closes its output, and stays */
    is_killed("sh -c 'sleep 100 & sleep 100'");    /* another holds it open; both are ended */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers), cmocka_unit_test(no_shell),
                                       cmocka_unit_test(failures), cmocka_unit_test(time_limit)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
