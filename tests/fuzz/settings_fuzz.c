/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch.conf: any bytes give a snapshot or mistakes, never both; what was read can be written and
 * reads back the same; and libconfig never sees what it cannot read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void insist(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "does not hold: %s\n", what);
    abort();
}

static char *written(const struct settings *s, size_t *len_r)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, len_r);
    insist(out && settings_write(s, out) == 0, "settings can be written");
    fclose(out);
    return text;
}

static void check_mistakes(const struct settings_error *errors, size_t count)
{
    insist(count > 0 && count <= SETTINGS_MAX_ERRORS + 1, "a refused file has mistakes");
    for (size_t i = 0; i < count; i++) {
        insist(errors[i].text[0] != '\0', "a mistake has words");
        insist(strncmp(errors[i].text, "libconfig", 9) != 0,
               "libconfig reads what syntax_check left");
        insist(i == 0 || errors[i].line >= errors[i - 1].line || errors[i].line == 0,
               "mistakes stand in order");
    }
}

static void check_round_trip(const struct settings *s)
{
    struct settings_error *errors;
    size_t count, len = 0, again_len = 0;
    char *text = written(s, &len);
    struct settings *again = settings_parse(text, len, "again", &errors, &count);
    if (!again && count > 0)
        fprintf(stderr, "%d: %s\n%s", errors[0].line, errors[0].text, text);
    insist(again != NULL, "what was written is good");
    char *again_text = written(again, &again_len);
    insist(strcmp(text, again_text) == 0, "what was written reads back the same");
    settings_unref(&again);
    free(again_text);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct settings_error *errors = NULL;
    size_t count = 0;
    struct settings *s = settings_parse((const char *)data, size, "fuzz", &errors, &count);
    if (s) {
        insist(count == 0, "a good file has no mistakes");
        check_round_trip(s);
    } else {
        check_mistakes(errors, count);
    }
    settings_errors_free(&errors, count);
    settings_unref(&s);
    return 0;
}
