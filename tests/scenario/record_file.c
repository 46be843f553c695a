/* SPDX-License-Identifier: BSD-2-Clause */
/* For record_file.bats. "write FILE CODEC": an Avro object container file, made by libavro with our
 * schema and our data. "compare": whether the lines on standard input, as avrocat prints such a file,
 * say what the records say. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <avro.h>
#include <jansson.h>
#include "record_avro.h"
#include "record_fixture.h"

#define BLOCK (1 << 20) /* libavro takes no datum larger than its block */

static int write_file(const char *path, const char *codec)
{
    avro_schema_t schema;
    avro_file_writer_t file;
    if (avro_schema_from_json_length(record_schema, record_schema_len, &schema) != 0 ||
        avro_file_writer_create_with_codec(path, schema, &file, codec, BLOCK) != 0) {
        fprintf(stderr, "%s\n", avro_strerror());
        return 1;
    }
    int rc = 0;
    for (size_t i = 0; i < made_count && rc == 0; i++) {
        struct made made;
        struct sbuf datum;
        made_init(&made, i);
        sbuf_init(&datum, RECORD_BYTES_MAX);
        rc = record_encode(&datum, &made.r);
        if (rc == 0)
            rc = avro_file_writer_append_encoded(file, datum.p, (int64_t)datum.len);
        sbuf_clear(&datum);
        made_clear(&made);
    }
    rc |= avro_file_writer_close(file);
    avro_schema_decref(schema);
    return rc != 0;
}

/* {"string": "x"}, as Avro's JSON writes a union's branch */
static const json_t *unwrapped(const json_t *theirs, const json_t *ours)
{
    if (!json_is_object(theirs) || json_object_size(theirs) != 1)
        return theirs;
    void *branch = json_object_iter((json_t *)(uintptr_t)theirs);
    return json_object_get(ours, json_object_iter_key(branch)) ? theirs
                                                               : json_object_iter_value(branch);
}

static bool same(const json_t *ours, const json_t *theirs)
{
    const char *key;
    json_t *value;
    size_t i;
    theirs = unwrapped(theirs, ours);
    if (json_is_string(ours) && json_is_integer(theirs)) {
        char when[32];
        record_time(json_integer_value(theirs), when);
        return strcmp(when, json_string_value(ours)) == 0;
    }
    if (json_is_object(ours) && json_is_object(theirs)) {
        json_object_foreach((json_t *)(uintptr_t)ours, key,
                            value) if (!same(value, json_object_get(theirs, key)))
        {
            printf("%s differs\n", key);
            return false;
        }
        return json_object_size(ours) == json_object_size(theirs);
    }
    if (json_is_array(ours) && json_is_array(theirs)) {
        json_array_foreach(ours, i,
                           value) if (!same(value, json_array_get(theirs, i))) return false;
        return json_array_size(ours) == json_array_size(theirs);
    }
    if (json_is_number(ours) && json_is_number(theirs)) {
        double difference = json_number_value(ours) - json_number_value(theirs);
        return difference < 1e-6 && difference > -1e-6;
    }
    return json_equal(ours, theirs);
}

static int compare(void)
{
    for (size_t i = 0; i < made_count; i++) {
        struct made made;
        made_init(&made, i);
        json_t *theirs = json_loadf(stdin, JSON_DISABLE_EOF_CHECK, NULL);
        char *line = record_json(&made.r);
        json_t *ours = line ? json_loads(line, 0, NULL) : NULL;
        bool equal = ours && theirs && same(ours, theirs);
        if (!equal)
            printf("%s: not the same\n", made.name);
        json_decref(ours);
        json_decref(theirs);
        free(line);
        made_clear(&made);
        if (!equal)
            return 1;
    }
    int c;
    while ((c = getchar()) == '\n')
        continue;
    printf("%zu records\n", made_count);
    return c != EOF;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "write") == 0)
        return write_file(argv[2], argv[3]);
    return argc == 2 && strcmp(argv[1], "compare") == 0 ? compare() : 64;
}
