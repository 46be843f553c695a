/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch model weights: the weights in force beside the shipped and the fitted ones. */
#include "config.h"
#include "model_weights.h"
#include <inttypes.h>
#include <string.h>
#include "model.h"
#include "model_versions.h"
#include "tool.h"

static const char usage[] =
    "Usage: vouch model weights [OPTION]... [VERSION]\n"
    "Shows by which weights messages are judged: what is shipped, what was fitted for the active\n"
    "version (or for VERSION) by 'vouch model build', and what is in force. What vouch.conf sets\n"
    "holds against what was fitted.\n\n"
    "  --config FILE   settings to find the store in\n"
    "  --store URL     the store: lmdb:DIR, redis://HOST:PORT/DB, redis+unix:PATH\n"
    "  --json          the same as one object\n"
    "  --help          this text\n\n"
    "Exit status: 0 done; 64 usage, 66 there is no such version, 69 the store cannot be reached, "
    "78\n"
    "configuration.\n";

int model_weights_read(struct store *s, struct trust_fit *fit_r)
{
    int outcome = store_weights(s, fit_r);
    if (outcome < 0)
        model_store_error(s, "the fitted weights cannot be read", VOUCH_E_TEMP);
    return outcome;
}

const char *model_weights_text(const struct trust_fit *fit, char text_r[MODEL_WEIGHTS_TEXT])
{
    char when[TOOL_TIME_TEXT];
    snprintf(text_r, MODEL_WEIGHTS_TEXT,
             "fitted %s to %" PRIu64 " messages, log loss %.4f before and %.4f after",
             tool_time_text(fit->time, when), fit->rows, fit->log_loss_before, fit->log_loss_after);
    return text_r;
}

json_t *model_weights_json(const struct trust_fit *fit)
{
    char when[TOOL_TIME_TEXT];
    if (!fit)
        return json_null();
    return json_pack("{s:s, s:I, s:f, s:f}", "time", tool_time_text(fit->time, when), "rows",
                     (json_int_t)fit->rows, "log_loss_before", fit->log_loss_before,
                     "log_loss_after", fit->log_loss_after);
}

/* One number in its three states; fitted: NULL if nothing was. */
struct number {
    const char *name;
    double shipped, in_force;
    const double *fitted;
};

#define NUMBERS (TW_COUNT + 2)

static void gather(const struct settings *s, const struct trust_fit *fit,
                   struct number numbers_r[NUMBERS])
{
    struct trust_params shipped, in_force = settings_trust(s, fit ? &fit->params : NULL);
    const struct trust_params *fitted = fit ? &fit->params : NULL;
    trust_params_default(&shipped);
    numbers_r[0] =
        (struct number){"bias", shipped.bias, in_force.bias, fitted ? &fitted->bias : NULL};
    numbers_r[1] = (struct number){"most_for", shipped.most_for, in_force.most_for,
                                   fitted ? &fitted->most_for : NULL};
    for (int w = 0; w < TW_COUNT; w++)
        numbers_r[w + 2] = (struct number){trust_weight_name((enum trust_weight)w), shipped.w[w],
                                           in_force.w[w], fitted ? &fitted->w[w] : NULL};
}

static const char *source_of(const struct number *n)
{
    if (n->fitted && n->in_force == *n->fitted)
        return "fitted";
    return n->fitted || n->in_force != n->shipped ? "vouch.conf" : "shipped";
}

static void print_text(const char *version, const struct trust_fit *fit, const struct number *n)
{
    char text[MODEL_WEIGHTS_TEXT];
    printf("version %s: %s\n", version, fit ? model_weights_text(fit, text) : "no fitted weights");
    printf("%-18s %9s %9s %9s\n", "", "shipped", "fitted", "in force");
    for (int i = 0; i < NUMBERS; i++) {
        char fitted[32] = "-";
        if (n[i].fitted)
            snprintf(fitted, sizeof fitted, "%+.4f", *n[i].fitted);
        printf("%-18s %+9.4f %9s %+9.4f%s\n", n[i].name, n[i].shipped, fitted, n[i].in_force,
               strcmp(source_of(&n[i]), "vouch.conf") == 0 ? "  vouch.conf" : "");
    }
}

static int print_json(const char *version, const struct trust_fit *fit, const struct number *n)
{
    json_t *weights = json_object();
    for (int i = 0; weights && i < NUMBERS; i++)
        json_object_set_new(weights, n[i].name,
                            json_pack("{s:f, s:o, s:f, s:s}", "shipped", n[i].shipped, "fitted",
                                      n[i].fitted ? json_real(*n[i].fitted) : json_null(),
                                      "in_force", n[i].in_force, "from", source_of(&n[i])));
    json_t *o = json_pack("{s:s, s:o, s:o}", "version", version, "fit", model_weights_json(fit),
                          "weights", weights);
    int rc = o ? json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(10)) : -1;
    json_decref(o);
    putchar('\n');
    return rc == 0 ? 0 : tool_error(EX_OSERR, "out of memory");
}

static int print(const struct model_options *o, const struct settings *settings, struct store *s)
{
    struct trust_fit fit;
    struct number numbers[NUMBERS];
    const char *version = o->arg_count ? o->args[0] : store_version(s);
    int found = model_weights_read(s, &fit);
    if (found < 0)
        return EX_UNAVAILABLE;
    gather(settings, found ? &fit : NULL, numbers);
    if (o->json)
        return print_json(version ? version : "", found ? &fit : NULL, numbers);
    print_text(version ? version : "", found ? &fit : NULL, numbers);
    return 0;
}

int model_weights(int argc, char **argv)
{
    struct model_options o;
    int status = 0;
    if (model_options(argc, argv, "csj", 1, usage, &o, &status) != 0)
        return status;
    struct settings *settings = tool_settings(o.config, &status);
    if (!settings)
        return status;
    struct store *s =
        model_versions_open(settings, o.store, o.arg_count ? o.args[0] : NULL, &status);
    if (s)
        status = print(&o, settings, s);
    if (status == 0 && fflush(stdout) != 0)
        status = tool_error(EX_IOERR, "standard output could not be written");
    store_close(&s);
    settings_unref(&settings);
    return status;
}
