/* SPDX-License-Identifier: BSD-2-Clause */
/* Which names the model had seen before. */
#include "errors.h"
#include "trust.h"

static unsigned bit_of(enum identity_kind kind)
{
    switch (kind) {
    case ID_SITE:
        return KNOWN_SITE;
    case ID_AUTHOR:
    case ID_CLAIM_AUTHOR:
        return KNOWN_AUTHOR;
    case ID_AUTHOR_ORG:
    case ID_CLAIM_AUTHOR_ORG:
        return KNOWN_AUTHOR_ORG;
    case ID_NETWORK:
        return KNOWN_NETWORK;
    case ID_WIDE:
        return KNOWN_WIDE;
    case ID_HELO_ORG:
        return KNOWN_HELO;
    case ID_MAILFROM_ORG:
    case ID_CLAIM_MAILFROM_ORG:
        return KNOWN_SENDER;
    case ID_PTR:
        return KNOWN_PTR;
    default:
        return 0;
    }
}

unsigned trust_known_before(const struct identity *identities, const struct trust_known *known,
                            size_t count)
{
    unsigned bits = 0;
    bool origin = false;
    for (size_t i = 0; i < count; i++) {
        const bool seen = known[i].outcome == LOOKUP_FOUND && known[i].counts.seen > 0;
        if (identities[i].kind == ID_HOP)
            origin = seen; /* the last of them */
        else if (seen)
            bits |= bit_of(identities[i].kind);
    }
    return bits & KNOWN_SITE ? bits | (origin ? KNOWN_ORIGIN : 0) : 0;
}
