/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_ASSESS_PRIVATE_H
#define VOUCH_ASSESS_PRIVATE_H

#include "assess.h"
#include "authres.h"
#include "dkim.h"
#include "dmarc_lookup.h"
#include "iprev.h"
#include "resolver.h"
#include "spf.h"
#include "store.h"

/* For assess.c and assess_context.c alone. */
struct assess_context {
    struct resolver *resolver;
    struct store *store;
    struct dkim_lib *dkim;
    struct psl_ctx_st *psl;
    char *sensor;
};

#endif
