/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs a fuzz target without libFuzzer over the files of its corpus, so that `make check`
 * repeats every input that was ever worth keeping. Corpus: tests/fuzz/corpus/<target>/, or the
 * files given. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return -1;
    size_t cap = 1 << 20, n = 0, got;
    uint8_t *data = malloc(cap);
    while (data && (got = fread(data + n, 1, cap - n, f)) > 0)
        n += got;
    fclose(f);
    if (!data)
        return -1;
    /* an exact copy, so that a sanitizer sees a read past the end */
    uint8_t *exact = malloc(n ? n : 1);
    if (exact) {
        memcpy(exact, data, n);
        LLVMFuzzerTestOneInput(exact, n);
    }
    free(exact);
    free(data);
    return exact ? 0 : -1;
}

int main(int argc, char **argv)
{
    int count = 0, failed = 0;
    if (argc > 1) {
        for (int i = 1; i < argc; i++)
            failed += run_file(argv[i]) != 0;
        return failed != 0;
    }
    const char *src = getenv("VOUCH_SRCDIR");
    const char *name = strrchr(argv[0], '/');
    name = name ? name + 1 : argv[0];
    char dir[2048];
    snprintf(dir, sizeof dir, "%s/tests/fuzz/corpus/%s", src ? src : ".", name);
    DIR *d = opendir(dir);
    printf("1..1\n");
    for (struct dirent *e; d && (e = readdir(d));) {
        char path[4096];
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        count++;
        failed += run_file(path) != 0;
    }
    if (d)
        closedir(d);
    printf("%s 1 - %s: %d inputs of %s\n", failed || !count ? "not ok" : "ok", name, count, dir);
    return failed || !count;
}
