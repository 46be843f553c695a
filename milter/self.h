/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_SELF_H
#define VOUCH_SELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* The daemon as a client of its own milter socket: the MTA's side of the protocol as far as one option negotiation and HELO. No
 * CONNECT is sent, so that such a session is never taken for SMTP. */

struct self {
    struct sockaddr_storage address;
    socklen_t address_len;
};

/* listener: the socket that the daemon listens on; only its address is taken. False: it has none. */
bool self_find(struct self *self_r, int listener);
/* Connects and offers protocol steps (SMFIP_*), and no actions. A descriptor, or -1 with errno. */
int self_connect(const struct self *self, uint32_t steps);
/* Sends a HELO: false if it cannot be sent whole at once. */
bool self_helo(int fd);
/* Takes what has come. Bytes read; -1: the other side has closed. */
ptrdiff_t self_read(int fd);

#define SELF_ALL_STEPS      0x1fffff /* of version 6: HELO is not answered */
#define SELF_GREETING_REPLY 17       /* bytes in which negotiation is answered */
#define SELF_HELO_REPLY     5        /* and a HELO, if no steps were offered */

#endif
