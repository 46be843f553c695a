/* SPDX-License-Identifier: BSD-2-Clause */
#include "dkim_library.h"
#include <stdio.h>
#include "arena.h"
#include "dkim_signature.h"

/* libopendkim takes some hundred pieces of memory a message, and needs them to its end. */
static void *allocate(void *arena, size_t n)
{
    return arena_alloc(arena, n);
}

static void release(void *arena, void *p)
{
    (void)arena;
    (void)p;
}

DKIM_LIB *dkim_library_open(dkim_give_key *give_key, char *error_r, size_t size)
{
    /* BADSIGHANDLES: every signature is listed, and a From that cannot be parsed does no harm */
    unsigned flags = DKIM_LIBFLAGS_DELAYSIGPROC | DKIM_LIBFLAGS_BADSIGHANDLES;
    uint64_t drift = DKIM_EPOCH; /* t= minus this must not wrap; x= plus this must be to come */
    DKIM_LIB *lib = dkim_init(allocate, release);
    if (!lib)
        snprintf(error_r, size, "libopendkim cannot be used: out of memory");
    else if (!dkim_libfeature(lib, DKIM_FEATURE_SHA256) ||
             !dkim_libfeature(lib, DKIM_FEATURE_ED25519))
        snprintf(
            error_r, size,
            "libopendkim cannot be used: it was built without SHA-256 or Ed25519; install 2.11 "
            "or later");
    else if (dkim_options(lib, DKIM_OP_SETOPT, DKIM_OPTS_FLAGS, &flags, sizeof flags) != 0 ||
             dkim_options(lib, DKIM_OP_SETOPT, DKIM_OPTS_CLOCKDRIFT, &drift, sizeof drift) != 0 ||
             dkim_set_key_lookup(lib, give_key) != 0)
        snprintf(error_r, size, "libopendkim cannot be used: it refuses its options");
    else
        return lib;
    if (lib)
        dkim_close(lib);
    return NULL;
}
