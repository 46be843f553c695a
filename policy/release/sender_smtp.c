/* SPDX-License-Identifier: BSD-2-Clause */
/* One message by SMTP, command by command: nothing is gained by pipelining one, and each answer is that of its recipient. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "clock.h"
#include "sbuf.h"
#include "sender_private.h"
#include "smtp_wire.h"

#define CHUNK 16384 /* bytes stuffed at once */

struct smtp {
    int fd;
    char in[SMTP_MAX_REPLY + 1024];
    size_t in_len;
    int code; /* of the last reply, whose text is the sender's */
    bool eight_bit, utf8, size;
    bool in_data;        /* the message has begun and was not answered */
    uint64_t size_limit; /* 0: none said */
    struct smtp_stuffing stuffing;
    struct sbuf out;
};

/* 1: fd is ready; 0: it was not until the deadline; -1: poll failed */
static int wait_for(int fd, short events, int64_t deadline_ms)
{
    for (;;) {
        int64_t left = deadline_ms - clock_ms();
        struct pollfd p = {.fd = fd, .events = events};
        int n = poll(&p, 1, left > 0 ? (int)left : 0);
        if (n >= 0 || errno != EINTR)
            return n;
    }
}

static int connect_one(const struct addrinfo *a, int64_t deadline_ms)
{
    int error = 0, on = 1;
    socklen_t size = sizeof error;
    int fd = socket(a->ai_family, SOCK_STREAM, 0);
    if (fd < 0)
        return -1;
    /* or the end of a message waits for the acknowledgement of its text, which the MTA delays */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 &&
        (connect(fd, a->ai_addr, a->ai_addrlen) == 0 || errno == EINPROGRESS)) {
        if (wait_for(fd, POLLOUT, deadline_ms) == 1 &&
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0)
            return fd;
        errno = error ? error : ETIMEDOUT;
    }
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

/* "HOST:PORT", "[IPv6]:PORT" */
static int dial(struct sender *s, struct smtp *c)
{
    char host[256];
    const char *port = strrchr(s->target, ':');
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    bool bracket = s->target[0] == '[';
    size_t n = port ? (size_t)(port - s->target) : 0;
    if (bracket && n > 2 && s->target[n - 1] == ']')
        n -= 2;
    if (!port || n == 0 || n >= sizeof host)
        return sender_say(s, VOUCH_E_TEMP, "'smtp://%s': expected smtp://HOST:PORT", s->target);
    memcpy(host, s->target + bracket, n);
    host[n] = '\0';
    int rc = getaddrinfo(host, port + 1, &hints, &list);
    if (rc != 0)
        return sender_say(s, VOUCH_E_TEMP, "%s: %s", s->target, gai_strerror(rc));
    for (const struct addrinfo *a = list; a && c->fd < 0; a = a->ai_next)
        c->fd = connect_one(a, clock_ms() + s->o.connect_ms);
    int why = errno;
    freeaddrinfo(list);
    return c->fd >= 0 ? 0
                      : sender_say(s, VOUCH_E_TEMP,
                                   "cannot connect to %s: %s (does the MTA listen there?)",
                                   s->target, strerror(why));
}

static int send_all(struct sender *s, const char *bytes, size_t n)
{
    struct smtp *c = s->state;
    int64_t deadline = clock_ms() + s->o.reply_ms;
    while (n > 0) {
        ssize_t sent = send(c->fd, bytes, n, MSG_NOSIGNAL);
        if (sent > 0) {
            bytes += sent;
            n -= (size_t)sent;
            deadline = clock_ms() + s->o.reply_ms;
        } else if (sent < 0 && errno != EAGAIN && errno != EINTR) {
            return sender_say(s, VOUCH_E_TEMP, "the connection to %s broke: %s", s->target,
                              strerror(errno));
        } else if (wait_for(c->fd, POLLOUT, deadline) != 1) {
            return sender_say(s, VOUCH_E_TEMP, "%s takes no data for %u s", s->target,
                              s->o.reply_ms / 1000);
        }
    }
    return 0;
}

/* The code of the next reply, whose lines become the text; VOUCH_E_TEMP. */
static int read_reply(struct sender *s, unsigned wait_ms)
{
    struct smtp *c = s->state;
    struct smtp_reply reply;
    int64_t deadline = clock_ms() + wait_ms;
    int rc;
    while ((rc = smtp_wire_reply(span_make(c->in, c->in_len), &reply)) == 0) {
        ssize_t got = recv(c->fd, c->in + c->in_len, sizeof c->in - c->in_len, 0);
        if (got > 0)
            c->in_len += (size_t)got;
        else if (got == 0)
            return sender_say(s, VOUCH_E_TEMP, "%s closed the connection", s->target);
        else if (errno != EAGAIN && errno != EINTR)
            return sender_say(s, VOUCH_E_TEMP, "the connection to %s broke: %s", s->target,
                              strerror(errno));
        else if (wait_for(c->fd, POLLIN, deadline) != 1)
            return sender_say(s, VOUCH_E_TEMP, "%s did not answer within %u s", s->target,
                              wait_ms / 1000);
    }
    if (rc < 0)
        return sender_say(s, VOUCH_E_TEMP, "%s does not speak SMTP", s->target);
    struct span rest = reply.text, line;
    char text[SENDER_TEXT];
    size_t n = (size_t)snprintf(text, sizeof text, "%d", reply.code);
    while (smtp_wire_line(&rest, &line) && n < sizeof text)
        n += (size_t)snprintf(text + n, sizeof text - n, " %.*s", SPAN_ARGS(line));
    sender_say(s, 0, "%s", text);
    return c->code = reply.code;
}

static void forget_reply(struct smtp *c)
{
    struct smtp_reply reply;
    if (smtp_wire_reply(span_make(c->in, c->in_len), &reply) == 1) {
        c->in_len -= reply.used;
        memmove(c->in, c->in + reply.used, c->in_len);
    }
}

/* Sends a command and reads its reply: 0 if that begins with digit, else VOUCH_E_TEMP and the text says it. */
static int command(struct sender *s, char digit, const char *line)
{
    struct smtp *c = s->state;
    forget_reply(c);
    if (send_all(s, line, strlen(line)) != 0 || read_reply(s, s->o.reply_ms) < 0)
        return VOUCH_E_TEMP;
    return c->code / 100 == digit - '0' ? 0 : VOUCH_E_TEMP;
}

__attribute__((format(printf, 3, 4))) static int commandf(struct sender *s, char digit,
                                                          const char *format, ...)
{
    char line[2048];
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(line, sizeof line, format, ap);
    va_end(ap);
    if (n >= (int)sizeof line)
        return sender_say(s, VOUCH_E_TEMP, "an address is too long");
    return command(s, digit, line);
}

static void read_extensions(struct smtp *c)
{
    struct smtp_reply reply;
    struct span line;
    if (smtp_wire_reply(span_make(c->in, c->in_len), &reply) != 1)
        return;
    for (bool first = true; smtp_wire_line(&reply.text, &line); first = false) {
        struct span word;
        if (first || !span_split(&line, ' ', &word))
            continue;
        c->eight_bit |= span_ieq_cstr(word, "8BITMIME");
        c->utf8 |= span_ieq_cstr(word, "SMTPUTF8");
        if (span_ieq_cstr(word, "SIZE")) {
            c->size = true;
            span_uint(span_trim(line), UINT64_MAX, &c->size_limit);
        }
    }
}

static int greet(struct sender *s)
{
    struct smtp *c = s->state;
    if (read_reply(s, s->o.connect_ms) < 0)
        return VOUCH_E_TEMP;
    if (c->code != 220)
        return VOUCH_E_TEMP;
    if (commandf(s, '2', "EHLO %s\r\n", s->o.helo) != 0)
        return VOUCH_E_TEMP;
    read_extensions(c);
    return 0;
}

static int say_from(struct sender *s, const struct sender_envelope *e)
{
    const struct smtp *c = s->state;
    char parameters[80] = "";
    if (e->eight_bit && !c->eight_bit)
        return sender_say(s, VOUCH_E_TEMP,
                          "%s does not take 8-bit mail (no 8BITMIME), and this message must not be "
                          "changed",
                          s->target);
    if (e->utf8 && !c->utf8)
        return sender_say(s, VOUCH_E_TEMP, "%s does not take addresses in UTF-8 (no SMTPUTF8)",
                          s->target);
    if (c->size_limit && e->size > c->size_limit)
        return sender_say(s, VOUCH_E_TEMP, "%s takes no message over %llu bytes; this one has %llu",
                          s->target, (unsigned long long)c->size_limit,
                          (unsigned long long)e->size);
    if (c->size)
        snprintf(parameters, sizeof parameters, " SIZE=%llu", (unsigned long long)e->size);
    size_t n = strlen(parameters);
    snprintf(parameters + n, sizeof parameters - n, "%s%s", e->eight_bit ? " BODY=8BITMIME" : "",
             e->utf8 ? " SMTPUTF8" : "");
    return commandf(s, '2', "MAIL FROM:%s%s\r\n", e->from, parameters);
}

static int smtp_begin(struct sender *s, const struct sender_envelope *e,
                      struct sender_reply *replies_r)
{
    size_t accepted = 0;
    struct smtp *c = calloc(1, sizeof *c);
    if (!c)
        return sender_say(s, VOUCH_E_TEMP, "out of memory");
    s->way->free(s);
    s->state = c;
    c->fd = -1;
    sbuf_init(&c->out, 2 * CHUNK);
    if (dial(s, c) != 0 || greet(s) != 0 || say_from(s, e) != 0)
        return VOUCH_E_TEMP;
    for (size_t i = 0; i < e->rcpt_count; i++) {
        c->code = 0;
        replies_r[i].accepted = commandf(s, '2', "RCPT TO:%s\r\n", e->rcpts[i]) == 0;
        if (c->code == 0 || c->code == 421)
            return VOUCH_E_TEMP;
        accepted += replies_r[i].accepted;
        memcpy(replies_r[i].text, s->text, sizeof s->text);
    }
    if (accepted == 0)
        return VOUCH_E_RANGE;
    int rc = command(s, '3', "DATA\r\n");
    c->in_data = rc == 0;
    return rc;
}

static int smtp_add(struct sender *s, const char *bytes, size_t n)
{
    struct smtp *c = s->state;
    while (n > 0) {
        size_t piece = n < CHUNK ? n : CHUNK;
        sbuf_reset(&c->out);
        smtp_wire_stuff(&c->stuffing, span_make(bytes, piece), &c->out);
        if (c->out.failed)
            return sender_say(s, VOUCH_E_TEMP, "out of memory");
        if (send_all(s, c->out.p, c->out.len) != 0)
            return VOUCH_E_TEMP;
        bytes += piece;
        n -= piece;
    }
    return 0;
}

static enum sender_outcome smtp_end(struct sender *s, int (*last)(void *), void *arg)
{
    struct smtp *c = s->state;
    const char *dot = smtp_wire_end(&c->stuffing);
    forget_reply(c);
    /* who answers before the end has given up: then it is certain that it was not taken */
    if (wait_for(c->fd, POLLIN, 0) == 1) {
        read_reply(s, s->o.reply_ms);
        return SENDER_REFUSED;
    }
    if (last(arg) != 0)
        return SENDER_REFUSED;
    if (send_all(s, dot, strlen(dot)) != 0)
        return SENDER_REFUSED; /* not all of it was sent */
    int code = read_reply(s, s->o.end_ms);
    c->in_data = code < 0;
    return code < 0 ? SENDER_DOUBT : code / 100 == 2 ? SENDER_TAKEN : SENDER_REFUSED;
}

static void smtp_free(struct sender *s)
{
    struct smtp *c = s->state;
    if (!c)
        return;
    if (c->fd >= 0) {
        if (!c->in_data)
            send(c->fd, "QUIT\r\n", 6, MSG_NOSIGNAL);
        close(c->fd);
    }
    sbuf_clear(&c->out);
    free(c);
    s->state = NULL;
}

const struct sender_way sender_smtp = {smtp_begin, smtp_add, smtp_end, smtp_free};
