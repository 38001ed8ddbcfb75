/* ds_burstgpt.c - the BurstGPT traces: Timestamp (seconds),Model,Request tokens,Response tokens,Total tokens,Log Type.
 * Prompts of so many words are made up; the log's type becomes the request class. Requests that failed then have no
 * response tokens: they are skipped. The models are not asked for: no server here knows their names. Source:
 * HPMLL/BurstGPT. */
#include "load/ds_csv.h"
#include "load/ds_formats.h"

static const struct ds_map own = {.name = {
                                      [FIELD_AT] = {"Timestamp", 9},
                                      [FIELD_INPUT_TOKENS] = {"Request tokens", 14},
                                      [FIELD_MAX_TOKENS] = {"Response tokens", 15},
                                      [FIELD_CLASS] = {"Log Type", 8},
                                  }};

static enum ds_sure sniff(struct str text, const char *path)
{
    static const char *const columns[] = {"Timestamp", "Request tokens", "Response tokens"};
    return ds_csv_has(text, columns, ARRAY_LEN(columns)) ? DS_BY_CONTENT : DS_NO;
}

static int load(struct dataset *ds, struct str text, const char *path, struct err *e)
{
    return ds_csv_load(ds, text, path, &own, e);
}

const struct dataset_ops ds_burstgpt = {
    .name = "burstgpt",
    .help = "trace: Timestamp,Model,Request tokens,Response tokens,...,Log Type",
    .by_fields = true,
    .sniff = sniff,
    .load = load,
};
