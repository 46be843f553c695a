/* SPDX-License-Identifier: BSD-2-Clause */
/* model_window STORE GROUP FIELD TIME MESSAGES X Y: puts a window into a model, as a learner would:
 * so many messages, and different names of both kinds, all at one time. */
#include <stdio.h>
#include <stdlib.h>
#include "store.h"

static uint64_t number(const char *text)
{
    return strtoull(text, NULL, 10);
}

static int put(void *arg, const struct span *now, struct span *new_r)
{
    (void)now;
    *new_r = *(const struct span *)arg;
    return 0;
}

int main(int argc, char **argv)
{
    static uint8_t bytes[WINDOW_BYTES_MAX];
    const struct store_options options = {.half_life = 86400};
    char error[300] = "usage: model_window STORE GROUP FIELD TIME MESSAGES X Y";
    struct store *s = argc == 8 ? store_open(argv[1], &options, error, sizeof error) : NULL;
    struct window *w = s ? window_new() : NULL;
    if (!w) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    int64_t time = (int64_t)number(argv[4]);
    for (uint64_t i = 0; i < number(argv[5]); i++)
        window_add_message(w, time);
    for (int set = 0; set < WINDOW_SETS; set++)
        for (uint64_t i = 0; i < number(argv[6 + set]); i++)
            window_add_member(w, time, (enum window_set)set, span_ihash64(span_make(&i, sizeof i)));
    struct span value = span_make(bytes, window_encode(w, bytes, sizeof bytes));
    const struct store_key key = {argv[2], argv[3]};
    int rc = store_change(s, &key, 1, put, &value, "", 0);
    window_free(&w);
    store_close(&s);
    return rc != 0;
}
