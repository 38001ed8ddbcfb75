/* test_tls.c - contexts and the certificate maker; what streams do with them is test_stream_tls.c's matter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "net/tls.h"

static void name(char out[64], const char *what)
{
    snprintf(out, 64, "/tmp/weir-test-tls-%s-%d", what, (int)getpid());
}

/* Runs openssl with the words given; its standard output into `out`. */
static int openssl(struct buf *out, const char *const *words)
{
    int fd[2];
    assert_int_equal(pipe(fd), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(fd[1], 1);
        dup2(open("/dev/null", O_RDWR), 2);
        close(fd[0]);
        execv("/usr/bin/openssl", (char *const *)words);
        _exit(127);
    }
    close(fd[1]);
    char b[4096];
    ssize_t n;
    while ((n = read(fd[0], b, sizeof(b))) > 0)
        buf_add(out, b, (size_t)n);
    close(fd[0]);
    int st;
    assert_int_equal(waitpid(pid, &st, 0), pid);
    return WIFEXITED(st) ? WEXITSTATUS(st) : -1;
}

static void test_the_made_certificate_as_openssl_reads_it(void **state)
{
    if (access("/usr/bin/openssl", X_OK) != 0)
        skip();
    char pem[64];
    name(pem, "made");
    struct err e = {0};
    struct tls_ctx *c = tls_server_new(&(struct tls_server_opts){.write_cert = pem}, &e);
    assert_non_null(c);
    struct buf out = BUF_INIT(1 << 20);
    const char *text[] = {"openssl", "x509", "-in", pem, "-noout", "-text", NULL};
    assert_int_equal(openssl(&out, text), 0);
    assert_non_null(strstr(out.p, "DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1"));
    assert_non_null(strstr(out.p, "ASN1 OID: prime256v1"));
    assert_non_null(strstr(out.p, "CA:FALSE"));
    assert_non_null(strstr(out.p, "Subject: CN = localhost"));
    buf_clear(&out);
    const char *verify[] = {
        "openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "localhost", "-CAfile", pem,
        pem,       NULL};
    assert_int_equal(openssl(&out, verify), 0);
    buf_clear(&out);
    const char *soon[] = {"openssl", "x509", "-in", pem, "-noout", "-checkend", "604800", NULL};
    assert_int_equal(openssl(&out, soon), 0);
    buf_free(&out);
    unlink(pem);
    tls_free(&c);
    assert_null(c);
}

static void test_mistakes_name_the_file(void **state)
{
    char pem[64], junk[64];
    struct err e = {0};
    name(pem, "cert");
    name(junk, "junk");
    struct tls_ctx *c = tls_server_new(&(struct tls_server_opts){.write_cert = pem}, NULL);
    assert_non_null(c);
    tls_free(&c);
    assert_int_equal(file_write(junk, STR("not PEM\n"), NULL), 0);

    assert_null(tls_client_new(&(struct tls_client_opts){.cacert = "/nonexistent/ca.pem"}, &e));
    assert_int_equal(e.code, ERR_TLS);
    assert_non_null(strstr(e.text, "/nonexistent/ca.pem"));
    assert_null(tls_client_new(&(struct tls_client_opts){.cacert = junk}, &e));
    assert_non_null(strstr(e.text, junk));
    assert_null(tls_client_new(&(struct tls_client_opts){.cert = junk}, &e));
    assert_non_null(strstr(e.text, junk));
    /* A certificate without its key. */
    assert_null(tls_client_new(&(struct tls_client_opts){.cert = pem, .key = junk}, &e));
    assert_non_null(strstr(e.text, junk));
    assert_null(tls_server_new(&(struct tls_server_opts){.cert = pem}, &e));
    assert_non_null(strstr(e.text, "private key"));
    assert_null(tls_server_new(&(struct tls_server_opts){.key = pem}, &e));
    assert_int_equal(e.code, ERR_USAGE);
    assert_null(tls_server_new(&(struct tls_server_opts){.write_cert = "/nonexistent/c.pem"}, &e));
    assert_non_null(strstr(e.text, "/nonexistent/c.pem"));
    assert_null(tls_client_new(&(struct tls_client_opts){.keylog = "/nonexistent/keys"}, &e));
    assert_int_equal(e.code, ERR_IO);
    unlink(pem);
    unlink(junk);
}

static void test_a_key_with_passphrase_does_not_ask(void **state)
{
    if (access("/usr/bin/openssl", X_OK) != 0)
        skip();
    char key[64], cert[64];
    name(key, "key");
    name(cert, "pair");
    struct buf out = BUF_INIT(1 << 20);
    const char *words[] = {"openssl",  "req",     "-x509", "-newkey", "ec",   "-pkeyopt", "ec_paramgen_curve:P-256",
                           "-passout", "pass:xy", "-subj", "/CN=x",   "-out", cert,       "-keyout",
                           key,        NULL};
    assert_int_equal(openssl(&out, words), 0);
    struct err e = {0};
    assert_null(tls_server_new(&(struct tls_server_opts){.cert = cert, .key = key}, &e));
    assert_non_null(strstr(e.text, "passphrase"));
    buf_free(&out);
    unlink(key);
    unlink(cert);
}

static void test_a_pair_from_files(void **state)
{
    if (access("/usr/bin/openssl", X_OK) != 0)
        skip();
    char key[64], cert[64], key2[64], cert2[64];
    name(key, "k1");
    name(cert, "c1");
    name(key2, "k2");
    name(cert2, "c2");
    struct buf out = BUF_INIT(1 << 20);
    const char *w[] = {"openssl", "req",   "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                       "-nodes",  "-subj", "/CN=x", "-out",    cert, "-keyout",  key,
                       NULL};
    assert_int_equal(openssl(&out, w), 0);
    w[11] = cert2;
    w[13] = key2;
    assert_int_equal(openssl(&out, w), 0);
    struct err e = {0};
    struct tls_ctx *c = tls_server_new(&(struct tls_server_opts){.cert = cert, .key = key}, &e);
    assert_non_null(c);
    tls_free(&c);
    c = tls_client_new(&(struct tls_client_opts){.cert = cert, .key = key, .cacert = cert}, &e);
    assert_non_null(c);
    tls_free(&c);
    assert_null(tls_server_new(&(struct tls_server_opts){.cert = cert, .key = key2}, &e));
    assert_non_null(strstr(e.text, key2));
    buf_free(&out);
    unlink(key);
    unlink(cert);
    unlink(key2);
    unlink(cert2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_made_certificate_as_openssl_reads_it),
        cmocka_unit_test(test_mistakes_name_the_file),
        cmocka_unit_test(test_a_key_with_passphrase_does_not_ask),
        cmocka_unit_test(test_a_pair_from_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
