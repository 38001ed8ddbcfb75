/* main.c - replays seeds through a fuzz target without libFuzzer, so that they run in the ordinary tests.
 * Arguments: files and folders; every input is also cut short at each 1/8 of its length. Bounded: seeds only. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int replay(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return -1;
    if (S_ISDIR(st.st_mode)) {
        DIR *d = opendir(path);
        int count = 0;
        for (struct dirent *e; d && (e = readdir(d));) {
            char name[4096];
            if (e->d_name[0] == '.')
                continue;
            snprintf(name, sizeof name, "%s/%s", path, e->d_name);
            int k = replay(name);
            if (k < 0) {
                closedir(d);
                return -1;
            }
            count += k;
        }
        if (d)
            closedir(d);
        return count;
    }
    FILE *f = fopen(path, "rb");
    if (!f)
        return -1;
    size_t n = (size_t)st.st_size;
    uint8_t *p = malloc(n + 1);
    if (!p || fread(p, 1, n, f) != n)
        abort();
    fclose(f);
    for (size_t k = 0; k <= 8; k++) {
        size_t m = n * k / 8;
        uint8_t *exact = malloc(m ? m : 1); /* exactly as long, so that ASan sees a read beyond */
        if (!exact)
            abort();
        memcpy(exact, p, m);
        LLVMFuzzerTestOneInput(exact, m);
        free(exact);
    }
    free(p);
    return 1;
}

int main(int argc, char **argv)
{
    int total = 0;
    for (int i = 1; i < argc; i++) {
        int k = replay(argv[i]);
        if (k < 0) {
            fprintf(stderr, "cannot read %s\n", argv[i]);
            return 1;
        }
        total += k;
    }
    if (total == 0) {
        fprintf(stderr, "no seeds\n");
        return 1;
    }
    printf("%d seeds replayed\n", total);
    return 0;
}
