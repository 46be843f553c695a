/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_HELD_DIR_H
#define VOUCH_HELD_DIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Names and files in the quarantine's directory. What root makes there is given to the directory's owner. Failures return -1 and
 * errno, as the system calls do. */

#define HELD_ID_TEXT  37 /* UUIDv7 in lower case, with NUL */
#define HELD_DAY_TEXT 11 /* YYYY-MM-DD */
#define HELD_NAME_MAX 48 /* "<id>.held", "<16 digits>.tmp" */

/* Whether it is a UUIDv7 in lower case: so no id leads out of the directory. */
bool held_id_ok(const char *id);
/* The time in an id, microseconds since the epoch, and its day (UTC). id: held_id_ok. */
int64_t held_id_us(const char *id);
void held_day(char day_r[HELD_DAY_TEXT], const char *id);
/* "<id><extension>" */
void held_name(char name_r[HELD_NAME_MAX], const char *id, const char *extension);

/* The descriptor of the directory at path, made (0750) where it is missing and make is set. above: AT_FDCWD or a directory's. */
int held_dir_open(int above, const char *path, bool make);
/* As disk_file_open; what it makes has mode 0640. */
int held_file_open(int dir, const char *name, int flags);
/* A new file of a name that ends in ".tmp", locked: held_temp_sweep leaves it alone as long as fd is open. */
int held_temp_make(int dir, char name_r[HELD_NAME_MAX]);
/* Removes the file if it is temporary and nobody's any more. */
void held_temp_sweep(int dir, const char *name);

/* The names in a directory that accept takes, sorted; free each and the list. */
int held_list(int dir, bool (*accept)(const char *name), char ***names_r, size_t *count_r);
void held_list_free(char ***namesp, size_t count);
bool held_is_day(const char *name);
bool held_is_message(const char *name);
bool held_is_temp(const char *name);

#endif
