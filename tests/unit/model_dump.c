/* SPDX-License-Identifier: BSD-2-Clause */
#include "model_dump.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct lines {
    char **list;
    size_t count, bytes;
    const char *without;
};

static int add(void *arg, const struct store_key *key, struct span value)
{
    struct lines *l = arg;
    size_t size = strlen(key->group) + strlen(key->field) + 2 * value.len + 4;
    if (l->without && strcmp(key->group, l->without) == 0)
        return 0;
    char **list = realloc(l->list, (l->count + 1) * sizeof(*list)), *line = malloc(size);
    if (!list || !line)
        abort();
    l->list = list;
    int n = snprintf(line, size, "%s %s ", key->group, key->field);
    for (size_t i = 0; i < value.len; i++)
        n += snprintf(line + n, size - (size_t)n, "%02x", (unsigned char)value.p[i]);
    line[n++] = '\n';
    line[n] = '\0';
    l->list[l->count++] = line;
    l->bytes += (size_t)n;
    return 0;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char *model_dump(struct store *s, const char *without)
{
    struct lines l = {.without = without};
    int rc = store_scan_bytes(s, add, &l);
    char *text = malloc(l.bytes + 1), *p = text;
    if (!text)
        abort();
    if (l.count)
        qsort(l.list, l.count, sizeof(*l.list), compare);
    for (size_t i = 0; i < l.count; i++) {
        size_t n = strlen(l.list[i]);
        memcpy(p, l.list[i], n);
        p += n;
        free(l.list[i]);
    }
    *p = '\0';
    free(l.list);
    if (rc == 0)
        return text;
    free(text);
    return NULL;
}

struct wanted {
    const struct store_key *key;
    struct span value;
};

static int look(void *arg, const struct store_key *key, struct span value)
{
    struct wanted *w = arg;
    if (strcmp(key->group, w->key->group) != 0 || strcmp(key->field, w->key->field) != 0)
        return 0;
    char *copy = malloc(value.len + 1);
    if (!copy)
        abort();
    memcpy(copy, value.p, value.len);
    w->value = span_make(copy, value.len);
    return 1;
}

struct span model_value(struct store *s, const struct store_key *key)
{
    struct wanted w = {.key = key, .value = SPAN_NONE};
    (void)store_scan_bytes(s, look, &w);
    return w.value;
}
