/* SPDX-License-Identifier: BSD-2-Clause */
/* Changes in Redis: writers that compete lose nothing, a change is there whole and once whatever is
 * killed, and what is refused has changed nothing. Values here are decimal numbers; store_test.c has
 * those of a model. */
#include "config.h"
#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "clock.h"
#include "redis_fake.h"
#include "redis_server.h"
#include "rounds.h"
#include "store.h"

#define LENGTH(a)   (sizeof(a) / sizeof *(a))
#define RECOVERY_MS 30000

static void pause_ms(int ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

static struct store *open_at(const char *socket, const char *version)
{
    char url[160], error[512] = "";
    const struct store_options o = {
        .connect_timeout_ms = 500, .half_life = 86400, .version = version};
    snprintf(url, sizeof url, "redis+unix:%s", socket);
    struct store *s = store_open(url, &o, error, sizeof error);
    if (!s)
        fail_msg("%s: %s", url, error);
    return s;
}

/* --- a change: adds one to every key -------------------------------------------------------- */

struct keys {
    size_t count;
    struct store_key *keys;
    char (*names)[2][40];
};

/* So many keys, three to a group, "k0" on; some of a group that all tests have. */
static struct keys keys_new(size_t count)
{
    struct keys k = {.count = count,
                     .keys = calloc(count + 1, sizeof *k.keys),
                     .names = calloc(count + 1, sizeof *k.names)};
    assert_true(k.keys && k.names);
    for (size_t i = 0; i < count; i++) {
        snprintf(k.names[i][0], sizeof k.names[i][0], "dom:g%zu.example", i / 3);
        snprintf(k.names[i][1], sizeof k.names[i][1], "k%zu", i);
        k.keys[i] = (struct store_key){k.names[i][0], k.names[i][1]};
    }
    return k;
}

static void keys_clear(struct keys *k)
{
    free(k->names);
    free(k->keys);
}

struct adding {
    const struct keys *keys;
    char (*values)[24];
    unsigned computed;
    void (*between)(void *); /* after the values were read, the first time */
    void *arg;
};

static int compute(void *arg, const struct span *now, struct span *new_r)
{
    struct adding *a = arg;
    for (size_t i = 0; i < a->keys->count; i++) {
        uint64_t n = 0;
        if (now[i].len && span_uint(now[i], UINT64_MAX, &n) != 0)
            return VOUCH_E_SYNTAX;
        new_r[i].len =
            (size_t)snprintf(a->values[i], sizeof a->values[i], "%llu", (unsigned long long)n + 1);
        new_r[i].p = a->values[i];
    }
    if (a->computed++ == 0 && a->between)
        a->between(a->arg);
    return 0;
}

static int add_with(struct store *s, const struct keys *k, const char *writer, uint64_t mark,
                    struct adding *a)
{
    a->keys = k;
    a->values = calloc(k->count + 1, sizeof *a->values);
    if (!a->values)
        return VOUCH_E_NOMEM;
    int rc = store_change(s, k->keys, k->count, compute, a, writer, mark);
    free(a->values);
    return rc;
}

static int add(struct store *s, const struct keys *k, const char *writer, uint64_t mark)
{
    struct adding a = {0};
    return add_with(s, k, writer, mark, &a);
}

static void assert_fine(struct store *s, int rc)
{
    char state[300];
    store_state(s, state, sizeof state);
    if (rc != 0)
        fail_msg("error %d: %s", rc, state);
}

static void assert_state(struct store *s, const char *part)
{
    char state[300];
    store_state(s, state, sizeof state);
    if (!strstr(state, part))
        fail_msg("state is '%s', not '%s'", state, part);
}

/* What all values are. */
struct seen {
    size_t count;
    uint64_t least, most, sum;
};

static int look(void *arg, const struct store_key *key, struct span value)
{
    struct seen *seen = arg;
    uint64_t n;
    (void)key;
    if (span_uint(value, UINT64_MAX, &n) != 0)
        return VOUCH_E_SYNTAX;
    if (seen->count == 0 || n < seen->least)
        seen->least = n;
    if (n > seen->most)
        seen->most = n;
    seen->sum += n;
    seen->count++;
    return 0;
}

static struct seen scan(struct store *s)
{
    struct seen seen = {0};
    assert_fine(s, store_scan_bytes(s, look, &seen));
    return seen;
}

static uint64_t mark_of(struct store *s, const char *writer)
{
    uint64_t mark = 0;
    char state[300];
    int outcome = store_watermark(s, writer, &mark);
    store_state(s, state, sizeof state);
    if (outcome < 0)
        fail_msg("watermark: %d: %s", outcome, state);
    return mark;
}

/* --- writers that compete ------------------------------------------------------------------- */

struct writer {
    pthread_t thread;
    struct store *s;
    const struct keys *keys;
    char name[8];
    unsigned rounds, failed;
    atomic_bool *stop; /* NULL: all rounds */
};

static void *write_on(void *arg)
{
    struct writer *w = arg;
    for (uint64_t i = 1; i <= w->rounds && !(w->stop && atomic_load(w->stop)); i++)
        w->failed += add(w->s, w->keys, w->name, i) != 0;
    return NULL;
}

static void writers_that_compete_lose_nothing(void **state)
{
    struct redis_server *r = *state;
    enum { WRITERS = 4, ROUNDS = 100 };
    struct keys keys = keys_new(50);
    struct writer w[WRITERS] = {0};
    struct store *stores[2] = {open_at(r->socket, NULL), open_at(r->socket, NULL)};
    for (int i = 0; i < WRITERS; i++) {
        w[i].s = stores[i % 2];
        w[i].keys = &keys;
        w[i].rounds = ROUNDS;
        snprintf(w[i].name, sizeof w[i].name, "mx%d", i);
        assert_int_equal(pthread_create(&w[i].thread, NULL, write_on, &w[i]), 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        pthread_join(w[i].thread, NULL);
        assert_int_equal(w[i].failed, 0);
        assert_int_equal(mark_of(stores[0], w[i].name), ROUNDS);
    }
    struct seen seen = scan(stores[0]);
    assert_int_equal(seen.count, keys.count);
    assert_int_equal(seen.least, WRITERS * ROUNDS);
    assert_int_equal(seen.most, WRITERS * ROUNDS);
    store_close(&stores[0]);
    store_close(&stores[1]);
    keys_clear(&keys);
}

/* Otherwise whoever has much to write would wait for ever. */
static void a_large_change_comes_through_between_small_ones(void **state)
{
    struct redis_server *r = *state;
    struct keys large = keys_new(20000), small = {.count = 1, .keys = large.keys};
    struct writer w[3] = {0};
    struct adding a = {0};
    atomic_bool stop = false;
    struct store *s = open_at(r->socket, NULL);
    for (size_t i = 0; i < LENGTH(w); i++) {
        w[i] = (struct writer){
            .s = open_at(r->socket, NULL), .keys = &small, .rounds = 1000000, .stop = &stop};
        assert_int_equal(pthread_create(&w[i].thread, NULL, write_on, &w[i]), 0);
    }
    for (int i = 0; i < 3; i++)
        assert_fine(s, add_with(s, &large, "large", (uint64_t)i + 1, &a));
    atomic_store(&stop, true);
    for (size_t i = 0; i < LENGTH(w); i++) {
        pthread_join(w[i].thread, NULL);
        assert_int_equal(w[i].failed, 0);
        store_close(&w[i].s);
    }
    assert_true(a.computed < 3 * 30);
    assert_int_equal(scan(s).count, large.count);
    store_close(&s);
    keys_clear(&large);
}

/* How often the server was asked to do something since this was asked last. */
static unsigned calls(struct redis_server *r, const char *command)
{
    char answer[8192], name[40];
    redis_server_do(r, "INFO commandstats", answer, sizeof answer);
    snprintf(name, sizeof name, "cmdstat_%s:calls=", command);
    const char *at = strstr(answer, name);
    return at ? (unsigned)strtoul(at + strlen(name), NULL, 10) : 0;
}

static void a_change_is_one_read_and_two_scripts(void **state)
{
    struct redis_server *r = *state;
    struct keys keys = keys_new(30); /* 10 groups */
    char answer[64];
    struct store *s = open_at(r->socket, NULL);
    assert_fine(s, add(s, &keys, "mx1", 2));
    redis_server_do(r, "SCRIPT FLUSH", answer, sizeof answer); /* as a restart does */
    redis_server_do(r, "CONFIG RESETSTAT", answer, sizeof answer);
    assert_fine(s, add(s, &keys, "mx1", 3));
    assert_int_equal(calls(r, "eval"), 2);
    assert_int_equal(calls(r, "hmget"),
                     10 + 1 + 1);            /* the groups, the state; and again in the script */
    assert_fine(s, add(s, &keys, "mx1", 3)); /* done before */
    assert_int_equal(calls(r, "eval"), 2);
    assert_int_equal(scan(s).most, 2);
    store_close(&s);
    keys_clear(&keys);
}

static void a_huge_change_is_one_step(void **state)
{
    struct redis_server *r = *state;
    struct keys keys = keys_new(rounds(100000));
    struct adding a = {0};
    /* one group of many fields, too */
    for (size_t i = 0; i < 5000; i++)
        keys.keys[i].group = "dom:large.example";
    struct store *s = open_at(r->socket, NULL);
    unsigned late = 0; /* a busy host's answer may be: whoever changes comes again */
    for (uint64_t i = 1; i <= 2; i++) {
        int rc;
        for (int64_t end = clock_ms() + RECOVERY_MS;
             (rc = add_with(s, &keys, "mx1", i, &a)) == VOUCH_E_TEMP && clock_ms() < end;)
            late++;
        assert_fine(s, rc);
    }
    assert_in_range(a.computed, 2, 2 + late);
    struct seen seen = scan(s);
    assert_int_equal(seen.least, 2);
    assert_true(seen.count >= keys.count && seen.most == 2);
    store_close(&s);
    keys_clear(&keys);
}

static int remove_odd(void *arg, const struct span *now, struct span *new_r)
{
    const struct keys *k = arg;
    for (size_t i = 1; i < k->count; i += 2) {
        assert_true(now[i].len > 0);
        new_r[i] = SPAN_LIT("");
    }
    return 0;
}

static bool is_of_group_0(void *arg, const struct store_key *key)
{
    (void)arg;
    return strcmp(key->group, "dom:g0.example") == 0;
}

static void keys_are_removed(struct keys *k, struct redis_server *r, struct store *s)
{
    char answer[64];
    uint64_t removed;
    struct seen seen = scan(s);
    assert_int_equal(seen.count, k->count);
    assert_fine(s, store_change(s, k->keys, k->count, remove_odd, k, "mx1", 2));
    seen = scan(s);
    assert_int_equal(seen.count, k->count / 2);
    assert_int_equal(seen.most, 1);
    redis_server_do(r, "EXISTS vouch:1:{192}:dom:g0.example", answer, sizeof answer);
    assert_string_equal(answer, "1");
    assert_fine(s, store_remove(s, is_of_group_0, NULL, &removed));
    assert_int_equal(removed, 2); /* k0 and k2 */
    redis_server_do(r, "EXISTS vouch:1:{192}:dom:g0.example", answer, sizeof answer);
    assert_string_equal(answer, "0");
    assert_int_equal(scan(s).count, k->count / 2 - 2);
    assert_fine(s, store_remove(s, is_of_group_0, NULL, &removed));
    assert_int_equal(removed, 0);
}

static void what_is_removed_is_gone(void **state)
{
    struct redis_server *r = *state;
    struct keys keys = keys_new(3000);
    struct store *s = open_at(r->socket, NULL);
    assert_fine(s, add(s, &keys, "mx1", 1));
    keys_are_removed(&keys, r, s);
    store_close(&s);
    keys_clear(&keys);
}

/* --- a change that is refused --------------------------------------------------------------- */

static void what_is_refused_changed_nothing(void **state)
{
    struct redis_server *r = *state;
    static const struct {
        const char *make, *undo;
        int error;
        const char *state;
    } cases[] = {
        {"SET vouch:1:{192}:dom:g0.example surprise", "DEL vouch:1:{192}:dom:g0.example",
         VOUCH_E_IO, "WRONGTYPE"},
        {"SET vouch:1:state surprise", "DEL vouch:1:state", VOUCH_E_IO, "WRONGTYPE"},
        {"SET vouch:versions surprise", "DEL vouch:versions", VOUCH_E_IO, "WRONGTYPE"},
        {"HSET vouch:active a b", "DEL vouch:active", VOUCH_E_IO, "WRONGTYPE"},
        {"HSET vouch:1:turn a b", "DEL vouch:1:turn", VOUCH_E_IO, "WRONGTYPE"},
        {"SET vouch:active */*", "DEL vouch:active", VOUCH_E_IO, "not a vouch model"},
        {"HSET vouch:1:{192}:dom:g0.example k0 x", "DEL vouch:1:{192}:dom:g0.example",
         VOUCH_E_SYNTAX, ""},
        {"CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0", VOUCH_E_TEMP, "OOM"},
        {"ZADD vouch:versions -1 1", "DEL vouch:versions", VOUCH_E_IO, "being removed"},
    };
    struct keys keys = keys_new(30), others = {.count = 27, .keys = keys.keys + 3};
    for (size_t i = 0; i < LENGTH(cases); i++) {
        char answer[200], before[64];
        struct store *s = open_at(r->socket, NULL);
        assert_fine(s, add(s, &others, "mx1", i + 1));
        redis_server_do(r, cases[i].make, answer, sizeof answer);
        redis_server_do(r, "DBSIZE", before, sizeof before);
        int rc = add(s, &keys, "mx2", 1);
        if (rc != cases[i].error)
            fail_msg("%s: %d", cases[i].make, rc);
        assert_state(s, cases[i].state);
        redis_server_do(r, "DBSIZE", answer, sizeof answer);
        assert_string_equal(answer, before);
        redis_server_do(r, cases[i].undo, answer, sizeof answer);
        struct seen seen = scan(s);
        assert_int_equal(seen.count, others.count);
        assert_int_equal(seen.most, i + 1);
        assert_int_equal(mark_of(s, "mx2"), 0);
        store_close(&s);
    }
    keys_clear(&keys);
}

/* As a server leaves it that was killed before the second step. */
static void what_was_committed_is_settled_by_whoever_comes(void **state)
{
    struct redis_server *r = *state;
    /* MessagePack: the hash's key, two that follow, the field, the value */
    static const char open[] = "HSET vouch:1:state w:mx9 00000000000000000005 open 12345678 values "
                               "\x94\xbcvouch:1:{192}:dom:g0.example\x02\xa2k0\xa1"
                               "7";
    struct keys keys = keys_new(1);
    char answer[64];
    struct store *s = open_at(r->socket, NULL);
    for (int i = 0; i < 3; i++) {
        redis_server_do(r, open, answer, sizeof answer);
        if (i == 0) {
            assert_int_equal(scan(s).most, 7);
        } else if (i == 1) {
            assert_int_equal(mark_of(s, "mx9"), 5);
        } else {
            /* a server that is full keeps it as it is, and says so */
            redis_server_do(r, "CONFIG SET maxmemory 1", answer, sizeof answer);
            assert_int_equal(add(s, &keys, "mx1", 1), VOUCH_E_TEMP);
            assert_state(s, "OOM");
            redis_server_do(r, "CONFIG SET maxmemory 0", answer, sizeof answer);
            assert_fine(s, add(s, &keys, "mx1", 1));
            assert_int_equal(scan(s).most, 8);
        }
        redis_server_do(r, "HEXISTS vouch:1:state open", answer, sizeof answer);
        assert_string_equal(answer, "0");
    }
    store_close(&s);
    keys_clear(&keys);
}

#define NIL         "$-1\r\n"
#define THEN(items) "*2\r\n$1\r\n0\r\n*" items

static int seen_anything(void *arg, const struct store_key *key, struct span value)
{
    (void)key, (void)value;
    ++*(int *)arg;
    return 0;
}

static int any_mark(void *arg, const char *writer, uint64_t watermark)
{
    (void)writer, (void)watermark;
    ++*(int *)arg;
    return 0;
}

/* Whatever answers there, no more comes of it than an error. */
static void a_server_that_is_none_is_survived(void **state)
{
    (void)state;
    static const char *const changes[] = {
        NIL ":1\r\n:1\r\n",
        NIL "*3\r\n:1\r\n:2\r\n:3\r\n*1\r\n" NIL,
        NIL "*2\r\n" NIL NIL "*1\r\n" NIL,
        NIL "*3\r\n" NIL NIL NIL "*0\r\n",
        NIL "*3\r\n" NIL NIL NIL "*1\r\n*0\r\n",
        NIL "*3\r\n" NIL NIL NIL "-ERR no\r\n",
        ":7\r\n*3\r\n" NIL NIL NIL "*1\r\n" NIL,
        "$3\r\n*/*\r\n*3\r\n" NIL NIL NIL "*1\r\n" NIL,
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
        NIL NIL NIL NIL,
    };
    static const char *const scans[] = {
        "+OK\r\n",
        THEN("1\r\n:1\r\n"),
        THEN("1\r\n$3\r\nabc\r\n"),
        THEN("1\r\n$12\r\nvouch:1:{5}:\r\n"),
        THEN("2\r\n$13\r\nvouch:1:{5}:g\r\n:5\r\n"),
        "*2\r\n:0\r\n*0\r\n",
        "*3\r\n:1\r\n:2\r\n:3\r\n",
    };
    struct keys keys = keys_new(1);
    for (size_t i = 0; i < LENGTH(changes) + LENGTH(scans); i++) {
        bool change = i < LENGTH(changes);
        const char *answer = change ? changes[i] : scans[i - LENGTH(changes)];
        struct redis_fake f = {
            .hello = NIL, .answer = answer, .answer_len = strlen(answer), .again = !change};
        int found = 0;
        redis_fake_start(&f);
        struct store *s = open_at(f.socket, NULL);
        int rc = change ? add(s, &keys, "mx1", 1) : store_scan_bytes(s, seen_anything, &found);
        if (rc != VOUCH_E_IO && rc != VOUCH_E_TEMP)
            fail_msg("case %zu: %d", i, rc);
        if (!change)
            store_watermarks(s, any_mark, &found);
        assert_int_equal(found, 0);
        store_close(&s);
        redis_fake_stop(&f);
    }
    keys_clear(&keys);
}

/* --- a server that is killed ---------------------------------------------------------------- */

static const char *const aof[] = {"--appendonly", "yes", "--appendfsync", "always", NULL};

struct learning {
    pthread_t thread;
    struct store *s;
    const struct keys *keys[2]; /* small, and large: the first of those are the small ones */
    char name[8];
    atomic_bool *stop;
    atomic_uint done; /* the last watermark acknowledged */
    unsigned repeated;
};

/* As the learner: repeats what was not acknowledged, and goes on then. One change in eight is large. */
static void *learn(void *arg)
{
    struct learning *l = arg;
    for (unsigned n = 1; !atomic_load(l->stop); n++) {
        while (add(l->s, l->keys[n % 8 == 0], l->name, n) != 0) {
            l->repeated++;
            if (atomic_load(l->stop))
                return NULL;
            pause_ms(1);
        }
        atomic_store(&l->done, n);
    }
    return NULL;
}

/* All changes up to the watermarks are there, each once, and nothing else. */
static void assert_whole(struct store *s, const struct learning *l, size_t count)
{
    size_t small = l->keys[0]->count, large = l->keys[1]->count;
    uint64_t all = 0, eighth = 0, mark;
    for (size_t i = 0; i < count; i++) {
        mark = mark_of(s, l[i].name);
        if (mark < atomic_load(&l[i].done))
            fail_msg("%s: %u were acknowledged, %llu are there", l[i].name, atomic_load(&l[i].done),
                     (unsigned long long)mark);
        all += mark;
        eighth += mark / 8;
    }
    struct seen seen = scan(s);
    if (seen.sum != small * all + (large - small) * eighth || seen.most != all)
        fail_msg("after %llu changes: %zu keys, sum %llu, least %llu, most %llu",
                 (unsigned long long)all, seen.count, (unsigned long long)seen.sum,
                 (unsigned long long)seen.least, (unsigned long long)seen.most);
}

static void wait_for_a_change(const struct learning *l)
{
    unsigned from = atomic_load(&l->done);
    for (int64_t end = clock_ms() + RECOVERY_MS; atomic_load(&l->done) == from; pause_ms(1))
        if (clock_ms() > end)
            fail_msg("%s: no change after %u", l->name, from);
}

static void every_change_is_there_once_whatever_is_killed(void **state)
{
    struct redis_server *r = *state;
    enum { LEARNERS = 2 };
    const unsigned kills = rounds(30);
    unsigned seed = 1;
    struct keys large = keys_new(1500), small = {.count = 20, .keys = large.keys};
    struct learning l[LEARNERS] = {0};
    atomic_bool stop = false;
    for (int i = 0; i < LEARNERS; i++) {
        l[i].s = open_at(r->socket, NULL);
        l[i].keys[0] = &small;
        l[i].keys[1] = &large;
        l[i].stop = &stop;
        snprintf(l[i].name, sizeof l[i].name, "mx%d", i);
        assert_int_equal(pthread_create(&l[i].thread, NULL, learn, &l[i]), 0);
    }
    for (unsigned i = 0; i < kills; i++) {
        wait_for_a_change(&l[i % LEARNERS]);
        seed = seed * 1103515245 + 12345;
        pause_ms((int)(seed >> 16) % 25);
        redis_server_stop(r); /* kill -9 */
        redis_server_start(r, aof);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < LEARNERS; i++) {
        pthread_join(l[i].thread, NULL);
        store_close(&l[i].s);
        assert_true(atomic_load(&l[i].done) >= kills / LEARNERS);
    }
    struct store *s = open_at(r->socket, NULL);
    assert_whole(s, l, LEARNERS);
    store_close(&s);
    redis_server_stop(r);
    redis_server_start(r, aof);
    s = open_at(r->socket, NULL);
    assert_whole(s, l, LEARNERS);
    store_close(&s);
    keys_clear(&large);
}

/* The newest part of the append-only file: what is cut from it was not yet on the disk. */
static void find_log(const char *dir, char *path_r, size_t size)
{
    char aof_dir[300];
    snprintf(aof_dir, sizeof aof_dir, "%s/appendonlydir", dir);
    DIR *d = opendir(aof_dir);
    assert_non_null(d);
    *path_r = '\0';
    for (struct dirent *e; (e = readdir(d));)
        if (strstr(e->d_name, ".incr.aof"))
            snprintf(path_r, size, "%s/%s", aof_dir, e->d_name);
    closedir(d);
    assert_true(*path_r);
}

static void restart_without(struct redis_server *r, long bytes)
{
    char path[600];
    struct stat st;
    redis_server_stop(r);
    find_log(r->dir, path, sizeof path);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_size > bytes);
    assert_int_equal(truncate(path, st.st_size - bytes), 0);
    redis_server_start(r, aof);
}

static uint64_t learn_once(struct redis_server *r, struct learning *l, const char *name)
{
    struct store *s = open_at(r->socket, NULL);
    uint64_t n = mark_of(s, name) + 1;
    assert_fine(s, add(s, l->keys[n % 8 == 0], name, n));
    store_close(&s);
    return n;
}

/* A power cut loses the end of the file, wherever that is: never a part of a change. And what is
 * written after it is not lost by the next one, nor does the part come back. */
static void a_change_is_whole_wherever_the_log_ends(void **state)
{
    struct redis_server *r = *state;
    enum { CUTS = 40 };
    unsigned seed = 7, open = 0;
    struct keys large = keys_new(60), small = {.count = 20, .keys = large.keys};
    struct learning l[] = {{.keys = {&small, &large}, .name = "mx0"}, {.name = "mx1"}};
    for (int i = 0; i < CUTS; i++) {
        char answer[16];
        learn_once(r, l, "mx0");
        seed = seed * 1103515245 + 12345;
        restart_without(r, 1 + (seed >> 16) % 1500);
        redis_server_do(r, "HEXISTS vouch:1:state open", answer, sizeof answer);
        open += *answer == '1';
        /* another one writes first */
        atomic_store(&l[1].done, (unsigned)learn_once(r, l, "mx1"));
        restart_without(r, 0);
        struct store *s = open_at(r->socket, NULL);
        assert_whole(s, l, LENGTH(l));
        store_close(&s);
        atomic_store(&l[1].done, 0); /* the next cut may reach so far back */
    }
    assert_true(open > 0 && open < CUTS);
    keys_clear(&large);
}

/* --- a server that says nothing ------------------------------------------------------------- */

static void a_hung_server_is_given_up_in_time(void **state)
{
    struct redis_server *r = *state;
    struct keys keys = keys_new(20);
    struct store *s = open_at(r->socket, NULL);
    assert_fine(s, add(s, &keys, "mx1", 1));
    redis_server_signal(r, SIGSTOP);
    int64_t began = clock_ms();
    assert_int_equal(add(s, &keys, "mx1", 2), VOUCH_E_TEMP);
    assert_true(clock_ms() - began < 8000);
    redis_server_signal(r, SIGCONT);
    int rc;
    for (int64_t end = clock_ms() + RECOVERY_MS; (rc = add(s, &keys, "mx1", 2)) != 0;) {
        assert_int_equal(rc, VOUCH_E_TEMP);
        assert_true(clock_ms() < end);
        pause_ms(10);
    }
    struct seen seen = scan(s);
    assert_int_equal(seen.least, 2); /* once, though it was asked for more often */
    assert_int_equal(seen.most, 2);
    store_close(&s);
    keys_clear(&keys);
}

static void wait_state(struct store *s, const char *part)
{
    char text[400] = "";
    for (int i = 0; i < 500 && !strstr(text, part); i++) {
        poll(NULL, 0, 10);
        store_state(s, text, sizeof text);
    }
    if (!strstr(text, part))
        fail_msg("state: %s", text);
}

static void a_server_that_is_away_is_said_at_once(void **state)
{
    struct redis_server *r = *state;
    struct keys keys = keys_new(20);
    struct store *s = open_at(r->socket, NULL);
    assert_fine(s, add(s, &keys, "mx1", 1));
    redis_server_stop(r);
    int64_t began = clock_ms();
    for (int i = 0; i < 20; i++)
        assert_int_equal(add(s, &keys, "mx1", 2), VOUCH_E_TEMP);
    assert_true(clock_ms() - began < 2000);
    wait_state(s,
               "away for"); /* look-ups have a connection of their own, which sees it in its time */
    store_close(&s);
    keys_clear(&keys);
}

/* --- versions ------------------------------------------------------------------------------- */

struct versions {
    char text[300];
};

static int list(void *arg, const struct store_version_info *v)
{
    struct versions *l = arg;
    size_t n = strlen(l->text);
    snprintf(l->text + n, sizeof l->text - n, "%s%s%s%s:%llu", n ? " " : "", v->name,
             v->active ? "*" : "", v->previous ? "-" : "", (unsigned long long)v->keys);
    return 0;
}

static void assert_versions(struct store *s, const char *want)
{
    struct versions l = {""};
    assert_fine(s, store_versions(s, list, &l));
    assert_string_equal(l.text, want);
}

struct elsewhere {
    struct store *s;
    const char *version;
};

static void activate(void *arg)
{
    struct elsewhere *e = arg;
    assert_int_equal(store_activate(e->s, e->version), 0);
}

static void drop(void *arg)
{
    struct elsewhere *e = arg;
    assert_int_equal(store_drop(e->s, e->version), 0);
}

static void a_change_is_made_in_the_version_that_is_active_when_it_is_written(void **state)
{
    struct redis_server *r = *state;
    struct keys keys = keys_new(20);
    struct store *live = open_at(r->socket, NULL), *next = open_at(r->socket, "next");
    struct elsewhere e = {next, "next"};
    struct adding a = {.between = activate, .arg = &e};
    assert_fine(live, add(live, &keys, "mx1", 1));
    for (uint64_t i = 1; i <= 5; i++)
        assert_fine(next, add(next, &keys, "mx1", i));
    assert_versions(live, "1*:7 next:7");
    /* 6 is new to both: it is done in next alone */
    assert_fine(live, add_with(live, &keys, "mx1", 6, &a));
    assert_int_equal(a.computed, 2);
    assert_versions(live, "1-:7 next*:7");
    assert_int_equal(scan(live).least, 6);
    assert_string_equal(store_version(live), "next");
    /* next had 7 before it became active: then nothing is to do */
    e.version = "1";
    assert_int_equal(store_activate(live, "1"), 0);
    assert_fine(next, add(next, &keys, "mx1", 7));
    e.version = "next";
    a.computed = 0;
    assert_fine(live, add_with(live, &keys, "mx1", 7, &a));
    assert_int_equal(a.computed, 1);
    assert_int_equal(scan(live).least, 7);
    assert_int_equal(scan(live).most, 7);
    struct store *first = open_at(r->socket, "1");
    assert_int_equal(scan(first).most, 1);
    assert_int_equal(mark_of(first, "mx1"), 1);
    store_close(&first);
    store_close(&next);
    store_close(&live);
    keys_clear(&keys);
}

static void a_version_that_was_dropped_does_not_come_back_in_part(void **state)
{
    struct redis_server *r = *state;
    struct keys all = keys_new(20), some = {.count = 5, .keys = all.keys};
    struct store *live = open_at(r->socket, NULL), *next = open_at(r->socket, "next");
    struct elsewhere e = {live, "next"};
    struct adding a = {.between = drop, .arg = &e};
    char answer[64];
    assert_fine(next, add(next, &all, "mx1", 1));
    /* dropped between its read and its write: what was read is not added to */
    assert_fine(next, add_with(next, &some, "mx1", 2, &a));
    assert_int_equal(a.computed, 2);
    struct seen seen = scan(next);
    assert_int_equal(seen.count, 5);
    assert_int_equal(seen.most, 1);
    assert_versions(live, "1*:0 next:2");
    /* a removal that did not come to its end */
    redis_server_do(r, "ZADD vouch:versions -1 next", answer, sizeof answer);
    assert_int_equal(add(next, &some, "mx1", 3), VOUCH_E_IO);
    assert_state(next, "being removed");
    assert_int_equal(store_activate(live, "next"), VOUCH_E_RANGE);
    assert_versions(live, "1*:0 next:2");
    assert_int_equal(store_drop(live, "next"), 0);
    assert_versions(live, "1*:0");
    redis_server_do(r, "DBSIZE", answer, sizeof answer);
    assert_string_equal(answer, "0");
    store_close(&next);
    store_close(&live);
    keys_clear(&all);
}

static int server_up(void **state)
{
    static struct redis_server r;
    redis_server_init(&r);
    redis_server_start(&r, NULL);
    *state = &r;
    return 0;
}

static int server_up_with_log(void **state)
{
    static struct redis_server r;
    redis_server_init(&r);
    redis_server_start(&r, aof);
    *state = &r;
    return 0;
}

static int server_down(void **state)
{
    redis_server_clear(*state);
    return 0;
}

static void what_needs_a_redis_server(void **state)
{
    (void)state;
    skip(); /* there is none on this host */
}

#define WITH_SERVER(f) cmocka_unit_test_setup_teardown(f, server_up, server_down)
#define WITH_LOG(f)    cmocka_unit_test_setup_teardown(f, server_up_with_log, server_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(writers_that_compete_lose_nothing),
        WITH_SERVER(a_large_change_comes_through_between_small_ones),
        WITH_SERVER(a_change_is_one_read_and_two_scripts),
        WITH_SERVER(a_huge_change_is_one_step),
        WITH_SERVER(what_is_removed_is_gone),
        WITH_SERVER(what_is_refused_changed_nothing),
        WITH_SERVER(what_was_committed_is_settled_by_whoever_comes),
        cmocka_unit_test(a_server_that_is_none_is_survived),
        WITH_LOG(every_change_is_there_once_whatever_is_killed),
        WITH_LOG(a_change_is_whole_wherever_the_log_ends),
        WITH_SERVER(a_hung_server_is_given_up_in_time),
        WITH_SERVER(a_server_that_is_away_is_said_at_once),
        WITH_SERVER(a_change_is_made_in_the_version_that_is_active_when_it_is_written),
        WITH_SERVER(a_version_that_was_dropped_does_not_come_back_in_part),
    };
    const struct CMUnitTest without_server[] = {
        cmocka_unit_test(a_server_that_is_none_is_survived),
        cmocka_unit_test(what_needs_a_redis_server),
    };
    if (!redis_server_installed())
        return cmocka_run_group_tests_name("store_redis_change", without_server, NULL, NULL);
    return cmocka_run_group_tests_name("store_redis_change", tests, NULL, NULL);
}
