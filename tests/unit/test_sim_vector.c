#include "sim_rig.h"

static void embeddings(void **state)
{
    (void)state;
    struct jdoc *d = rig_body(&sim_embeddings, "{\"model\":\"m\",\"input\":[\"a b\",\"c\"],\"dimensions\":5}");
    jnode *data = jn_get(jdoc_root(d), "data");
    assert_int_equal(jn_len(data), 2);
    for (size_t i = 0; i < 2; i++) {
        jnode *v = jn_get(jn_at(data, i), "embedding");
        assert_int_equal(jn_len(v), 5);
        assert_int_equal(jn_i64(jn_get(jn_at(data, i), "index"), -1), i);
        assert_true(jn_f64(jn_at(v, 0), 9) != jn_f64(jn_at(v, 1), 9));
    }
    rig_assert_i64(d, "usage.prompt_tokens", 3);
    jdoc_free(&d);
    d = rig_body(&sim_embeddings, "{\"model\":\"m\",\"input\":\"a\"}");
    assert_int_equal(jn_len(jn_get(jn_at(jn_get(jdoc_root(d), "data"), 0), "embedding")), 1024);
    jdoc_free(&d);
    rig_refused(&sim_embeddings, "{\"input\":\"a\"}", "'model'");
    rig_refused(&sim_embeddings, "{\"model\":\"m\"}", "'input'");
    rig_refused(&sim_embeddings, "{\"model\":\"m\",\"input\":[1]}", "must hold strings");
    rig_refused(&sim_embeddings, "{\"model\":\"m\",\"input\":\"a\",\"dimensions\":65537}", "at most");
}

static void rankings(void **state)
{
    (void)state;
    struct jdoc *d = rig_body(&sim_rerank, "{\"model\":\"m\",\"query\":\"a b\",\"documents\":[\"c\",\"\",\"d e\"]}");
    jnode *results = jn_get(jdoc_root(d), "results");
    assert_int_equal(jn_len(results), 3);
    for (size_t i = 0; i < 3; i++) {
        double score = jn_f64(jn_get(jn_at(results, i), "relevance_score"), -1);
        assert_true(score >= 0 && score <= 1);
        assert_int_equal(jn_i64(jn_get(jn_at(results, i), "index"), -1), i);
    }
    rig_assert_i64(d, "usage.total_tokens", 5);
    jdoc_free(&d);
    rig_refused(&sim_rerank, "{\"model\":\"m\",\"documents\":[\"c\"]}", "'query'");
    rig_refused(&sim_rerank, "{\"model\":\"m\",\"query\":\"a\"}", "'documents'");
    rig_refused(&sim_rerank, "{\"model\":\"m\",\"query\":\"a\",\"documents\":[]}", "'documents'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(embeddings), cmocka_unit_test(rankings)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
