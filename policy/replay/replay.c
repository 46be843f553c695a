/* SPDX-License-Identifier: BSD-2-Clause */
/* Judges, then learns. What is to be learnt of a message waits in the pupil until the next message's
 * time has come, and is in the model before that one asks. */
#include "replay.h"
#include <stdio.h>
#include "addresses.h"
#include "errors.h"
#include "feed.h"
#include "pupil.h"
#include "refit.h"
#include "store.h"
#include "zonefile.h"

#define SENSOR      "replay" /* not this host's name: the same corpus gives the same everywhere */
#define V4_NETWORK  24
#define V6_NETWORK  48
#define ERROR_BYTES 256

struct replay {
    struct corpus *corpus;
    const struct replay_options *options;
    replay_see *see;
    void *arg;
    struct assess_context *context;
    struct pupil *pupil;
    struct refit *refit; /* NULL: weights stay as they are */
    struct addresses *clients, *networks;
    size_t unread;
};

/* 64 bits that look like chance (SplitMix64, Steele et al., 2014). */
static uint64_t mixed(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* By the message's place alone, so that nothing else changes who is drawn. */
static bool is_labelled(const struct replay_options *o, size_t place)
{
    return (double)(mixed(mixed(o->seed) + place) >> 11) * 0x1p-53 < o->label_share;
}

static int note_client(struct replay *r, struct replay_judged *j)
{
    struct ipaddr ip = message_client(j->record->message).ip;
    size_t ignored;
    bool is_new;
    j->client = SIZE_MAX;
    if (ip.family == IP_NONE)
        return 0;
    struct ipnet net = ipnet_of(&ip, ip.family == IP_V4 ? V4_NETWORK : V6_NETWORK);
    int rc = addresses_number(r->networks, &net.addr, &ignored, &j->first_contact);
    return rc == 0 ? addresses_number(r->clients, &ip, &j->client, &is_new) : rc;
}

static int learn(struct replay *r, const struct assess *a, const struct replay_judged *j)
{
    size_t count;
    if (j->item->unlearnt)
        return 0;
    const struct identity *identities = assess_identities(a, &count);
    const struct replay_options *o = r->options;
    const struct label label = {.verdict = j->item->good ? LABEL_GOOD : LABEL_BAD,
                                .source = LABEL_PERSON};
    bool labelled = is_labelled(o, j->place), later = labelled && o->label_delay > 0;
    int rc =
        pupil_learn(r->pupil, j->record, identities, count, labelled && !later ? &label : NULL);
    if (rc == 0 && later)
        rc = pupil_learn_later(r->pupil, j->record, &label,
                               j->record->time_us + o->label_delay * 1000000);
    if (rc == 0 && labelled && r->refit)
        rc = refit_add(r->refit, j->record->trust->x, j->item->good, j->item->time,
                       j->item->time + o->label_delay);
    return rc;
}

static int judge(struct replay *r, struct assess *a, struct span text, struct replay_judged *j)
{
    static const struct feed_envelope nothing = {.ip = {.family = IP_NONE}};
    uint8_t random[10];
    for (size_t i = 0; i < sizeof random; i++)
        random[i] = (uint8_t)(i < 8 ? mixed(j->place) >> 8 * i : 0);
    assess_number(a, random);
    int rc = feed_message(a, &nothing, text);
    if (rc == 0)
        rc = assess_finish(a, NULL, &j->record);
    if (rc == 0)
        rc = note_client(r, j);
    if (rc == 0)
        rc = r->see(r->arg, j);
    return rc != 0 ? rc : learn(r, a, j);
}

static int replay_item(struct replay *r, const struct corpus_item *item, size_t place,
                       char *error_r, size_t size)
{
    char ignored[ERROR_BYTES];
    struct span text;
    struct replay_judged j = {.item = item, .place = place};
    int rc = corpus_read(r->corpus, item, &text, error_r, size);
    if (rc != 0)
        return rc;
    if (feed_check(text, ignored, sizeof ignored) != 0) {
        r->unread++;
        return 0;
    }
    snprintf(error_r, size, "%s: out of memory", item->path);
    rc = pupil_advance(r->pupil, item->time * 1000000);
    if (rc == 0 && r->refit)
        rc = refit_advance(r->refit, item->time);
    if (rc != 0)
        return rc;
    struct assess *a = assess_new(r->context, r->options->settings, item->time * 1000000);
    rc = a ? judge(r, a, text, &j) : VOUCH_E_NOMEM;
    assess_free(&a);
    return rc;
}

static int begin(struct replay *r, char *error_r, size_t size)
{
    const struct replay_options *o = r->options;
    const struct assess_options options = {.zone_file = o->zone_file,
                                           .zone_ops = &zonefile_ops,
                                           .no_dns = !o->zone_file,
                                           .store = "memory:",
                                           .sensor = SENSOR};
    int status;
    r->context = assess_context_new(o->settings, &options, error_r, size, &status);
    if (!r->context)
        return VOUCH_E_CONFIG;
    snprintf(error_r, size, "out of memory");
    r->pupil =
        pupil_new(assess_context_store(r->context), o->settings, assess_context_psl(r->context));
    r->clients = addresses_new();
    r->networks = addresses_new();
    if (o->refit == REPLAY_DAILY)
        r->refit = refit_new(assess_context_store(r->context), o->settings);
    bool refits = r->refit || o->refit == REPLAY_FIXED;
    return r->pupil && r->clients && r->networks && refits ? 0 : VOUCH_E_NOMEM;
}

int replay_run(struct corpus *corpus, const struct replay_options *options, replay_see *see,
               void *arg, size_t *unread_r, char *error_r, size_t size)
{
    struct replay r = {.corpus = corpus, .options = options, .see = see, .arg = arg};
    size_t count;
    const struct corpus_item *items = corpus_items(corpus, &count);
    int rc = begin(&r, error_r, size);
    for (size_t i = 0; i < count && rc == 0; i++) {
        rc = replay_item(&r, &items[i], i, error_r, size);
        if (options->progress)
            options->progress(options->progress_arg, i + 1, count);
    }
    *unread_r = r.unread;
    addresses_free(&r.networks);
    addresses_free(&r.clients);
    refit_free(&r.refit);
    pupil_free(&r.pupil);
    assess_context_free(&r.context);
    return rc;
}
