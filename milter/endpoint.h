/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VOUCH_ENDPOINT_H
#define VOUCH_ENDPOINT_H

#include "sbuf.h"

/* A small HTTP server that tells, to who may connect, what somebody else writes: GET and HEAD, one request a connection, and
 * nothing of a request is read but its head. One thread, few connections: whoever comes when all are taken takes the place of the
 * one that has been there longest. */

#define ENDPOINT_CONNECTIONS 16 /* at a time; a scrape takes some milliseconds */
#define ENDPOINT_SILENCE_S   10 /* after which a peer is dropped */
#define ENDPOINT_HEAD_BYTES  8192

struct endpoint;
/* Writes what is to be told at path ("/metrics"), and returns the status (200, 404, ...). Called by the endpoint's thread. */
typedef unsigned endpoint_page(void *arg, const char *path, struct sbuf *text);
/* address: as http_address_parse takes it. NULL: one line in error_r. */
struct endpoint *endpoint_open(const char *address, endpoint_page *page, void *arg, char *error_r,
                               size_t size);
/* Closes all connections; page is not called any more when it returns. */
void endpoint_close(struct endpoint **ep);
/* "http://127.0.0.1:9117/", or the address of a unix socket; lives as long as e. */
const char *endpoint_url(const struct endpoint *e);

#endif
