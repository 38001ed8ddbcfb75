/* ds_azure.c - the LLM inference traces that Azure publishes: TIMESTAMP,ContextTokens,GeneratedTokens. Prompts of so
 * many words are made up; instants, input and output lengths are the trace's. Source: Azure/AzurePublicDataset,
 * AzureLLMInferenceTrace_*.csv (2023, 2024). */
#include "load/ds_csv.h"
#include "load/ds_formats.h"

static const struct ds_map own = {.name = {
                                      [FIELD_AT] = {"TIMESTAMP", 9},
                                      [FIELD_INPUT_TOKENS] = {"ContextTokens", 13},
                                      [FIELD_MAX_TOKENS] = {"GeneratedTokens", 15},
                                  }};

static enum ds_sure sniff(struct str text, const char *path)
{
    static const char *const columns[] = {"TIMESTAMP", "ContextTokens", "GeneratedTokens"};
    return ds_csv_has(text, columns, ARRAY_LEN(columns)) ? DS_BY_CONTENT : DS_NO;
}

static int load(struct dataset *ds, struct str text, const char *path, struct err *e)
{
    return ds_csv_load(ds, text, path, &own, e);
}

const struct dataset_ops ds_azure = {
    .name = "azure",
    .help = "trace: TIMESTAMP,ContextTokens,GeneratedTokens",
    .by_fields = true,
    .sniff = sniff,
    .load = load,
};
