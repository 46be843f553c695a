/* SPDX-License-Identifier: BSD-2-Clause */
/* The only file that knows libmicrohttpd. Its thread does all: accepts, reads, calls page, writes; so nothing here is locked.
 *
 * libmicrohttpd drops a peer that says nothing for ENDPOINT_SILENCE_S, but one that sends a byte now and then may stay. So
 * connections stand here in the order in which they came, and a new one pushes the oldest out: many that stay keep nobody
 * from his answer.
 *
 * The library is loaded when there is something to serve: it brings a TLS library and 2 MiB of memory, which a daemon that
 * serves nothing need not have. It stays loaded. */
#include "endpoint.h"
#include <dlfcn.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "http_address.h"
#include "listener.h"

#define PAGE_MAX_BYTES (64u << 20)
#define STACK_BYTES    (256u << 10)
#define BACKLOG        64

/* What is used of libmicrohttpd. */
struct library {
    __typeof__(&MHD_start_daemon) start_daemon;
    __typeof__(&MHD_stop_daemon) stop_daemon;
    __typeof__(&MHD_get_connection_info) get_connection_info;
    __typeof__(&MHD_create_response_from_buffer) create_response;
    __typeof__(&MHD_add_response_header) add_header;
    __typeof__(&MHD_queue_response) queue_response;
    __typeof__(&MHD_destroy_response) destroy_response;
};

struct endpoint {
    struct library lib;
    struct MHD_Daemon *http;
    endpoint_page *page;
    void *arg;
    struct http_address address;
    char *text; /* that address.path points into */
    int fd;
    char url[160];
    int open[ENDPOINT_CONNECTIONS]; /* sockets, the oldest first */
    size_t open_count;
};

/* Sockets. */

static int listen_path(struct endpoint *e)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    snprintf(un.sun_path, sizeof un.sun_path, "%s", e->address.path);
    snprintf(e->url, sizeof e->url, "%s", e->text);
    return bind(e->fd, (struct sockaddr *)&un, sizeof un) == 0 && chmod(un.sun_path, 0660) == 0 &&
                   listen(e->fd, BACKLOG) == 0
               ? 0
               : -1;
}

static int listen_ip(struct endpoint *e)
{
    const struct ipaddr *ip = &e->address.ip;
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(e->address.port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(e->address.port)};
    bool six = ip->family == IP_V6;
    void *address = six ? (void *)&in6 : (void *)&in;
    socklen_t len = six ? sizeof in6 : sizeof in;
    char text[IPADDR_TEXT];
    int on = 1;
    memcpy(six ? (void *)&in6.sin6_addr : (void *)&in.sin_addr, ip->bytes, six ? 16 : 4);
    (void)setsockopt(e->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (six)
        (void)setsockopt(e->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(e->fd, address, len) != 0 || listen(e->fd, BACKLOG) != 0 ||
        getsockname(e->fd, address, &len) != 0)
        return -1;
    ipaddr_format(ip, text);
    snprintf(e->url, sizeof e->url, six ? "http://[%s]:%u/" : "http://%s:%u/", text,
             ntohs(six ? in6.sin6_port : in.sin_port));
    return 0;
}

static int open_socket(struct endpoint *e, char *error_r, size_t size)
{
    char why[300];
    int family = e->address.path ? AF_UNIX : e->address.ip.family == IP_V6 ? AF_INET6 : AF_INET;
    if (e->address.path && listener_clear(e->text, error_r, size) != 0)
        return -1;
    e->fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (e->fd >= 0 && (e->address.path ? listen_path(e) : listen_ip(e)) == 0)
        return 0;
    listener_explain(e->text, errno, why, sizeof why);
    snprintf(error_r, size, "cannot listen on %s: %s", e->text, why);
    return -1;
}

/* libmicrohttpd and its callbacks. */

static int load(struct library *l, char *error_r, size_t size)
{
    void *handle = dlopen("libmicrohttpd.so.12", RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        snprintf(error_r, size, "this needs libmicrohttpd (Debian: libmicrohttpd12): %s",
                 dlerror());
        return -1;
    }
    const struct {
        const char *name;
        void *to;
    } wanted[] = {
        {"MHD_start_daemon", &l->start_daemon},
        {"MHD_stop_daemon", &l->stop_daemon},
        {"MHD_get_connection_info", &l->get_connection_info},
        {"MHD_create_response_from_buffer", &l->create_response},
        {"MHD_add_response_header", &l->add_header},
        {"MHD_queue_response", &l->queue_response},
        {"MHD_destroy_response", &l->destroy_response},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        void *function = dlsym(handle, wanted[i].name);
        if (!function) {
            snprintf(error_r, size, "this libmicrohttpd has no %s", wanted[i].name);
            return -1;
        }
        memcpy(wanted[i].to, &function, sizeof function); /* no cast makes a function of it */
    }
    return 0;
}

static void forget(struct endpoint *e, size_t i)
{
    e->open_count--;
    memmove(e->open + i, e->open + i + 1, (e->open_count - i) * sizeof *e->open);
}

static void on_connection(void *arg, struct MHD_Connection *c, void **socket_arg,
                          enum MHD_ConnectionNotificationCode what)
{
    struct endpoint *e = arg;
    int fd = e->lib.get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    size_t i = 0;
    (void)socket_arg;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        if (e->open_count == ENDPOINT_CONNECTIONS) {
            shutdown(e->open[0], SHUT_RDWR); /* closed when its turn comes */
            forget(e, 0);
        }
        e->open[e->open_count++] = fd;
        return;
    }
    while (i < e->open_count && e->open[i] != fd)
        i++;
    if (i < e->open_count)
        forget(e, i);
}

static enum MHD_Result reply(const struct library *l, struct MHD_Connection *c, unsigned status,
                             struct sbuf *text)
{
    enum MHD_ResponseMemoryMode mode = text->p ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT;
    struct MHD_Response *r = l->create_response(text->len, text->p, mode);
    if (!r) {
        sbuf_clear(text);
        return MHD_NO;
    }
    l->add_header(r, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    l->add_header(r, "Cache-Control", "no-store");
    l->add_header(r, "Connection", "close");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        l->add_header(r, "Allow", "GET, HEAD");
    enum MHD_Result rc = l->queue_response(c, status, r);
    l->destroy_response(r);
    return rc;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *c, const char *path,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **request)
{
    struct endpoint *e = arg;
    struct sbuf text;
    unsigned status = MHD_HTTP_METHOD_NOT_ALLOWED;
    (void)version, (void)upload, (void)upload_size, (void)request;
    sbuf_init(&text, PAGE_MAX_BYTES);
    if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
        status = e->page(e->arg, path, &text);
    else
        sbuf_adds(&text, "GET and HEAD only\n");
    if (text.failed) {
        sbuf_clear(&text);
        status = MHD_HTTP_INTERNAL_SERVER_ERROR;
    }
    return reply(&e->lib, c, status, &text);
}

/* Signals are for the program's own threads. */
static bool start(struct endpoint *e)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    e->http = e->lib.start_daemon(MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC, 0,
                                  NULL, NULL, on_request, e, MHD_OPTION_LISTEN_SOCKET, e->fd,
                                  /* those that were pushed out are still to be closed */
                                  MHD_OPTION_CONNECTION_LIMIT, 4u * ENDPOINT_CONNECTIONS,
                                  MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)ENDPOINT_SILENCE_S,
                                  MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)ENDPOINT_HEAD_BYTES,
                                  MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK_BYTES,
                                  MHD_OPTION_NOTIFY_CONNECTION, on_connection, e, MHD_OPTION_END);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return e->http != NULL;
}

struct endpoint *endpoint_open(const char *address, endpoint_page *page, void *arg, char *error_r,
                               size_t size)
{
    struct endpoint *e = calloc(1, sizeof *e);
    snprintf(error_r, size, "out of memory");
    if (!e)
        return NULL;
    e->fd = -1;
    e->page = page;
    e->arg = arg;
    if (!(e->text = strdup(address)))
        goto fail;
    if (http_address_parse(e->text, &e->address) != 0) {
        snprintf(error_r, size, "%s: not an address to listen on", address);
        goto fail;
    }
    if (load(&e->lib, error_r, size) != 0 || open_socket(e, error_r, size) != 0)
        goto fail;
    snprintf(error_r, size, "cannot start an HTTP server on %s: %s", address, strerror(errno));
    if (!start(e))
        goto fail;
    return e;
fail:
    endpoint_close(&e);
    return NULL;
}

void endpoint_close(struct endpoint **ep)
{
    struct endpoint *e = *ep;
    *ep = NULL;
    if (!e)
        return;
    if (e->http)
        e->lib.stop_daemon(e->http); /* which closes the socket */
    else if (e->fd >= 0)
        close(e->fd);
    if (e->address.path && e->url[0])
        unlink(e->address.path);
    free(e->text);
    free(e);
}

const char *endpoint_url(const struct endpoint *e)
{
    return e->url;
}
