/* SPDX-License-Identifier: BSD-2-Clause */
/* What the milter library does not do about its socket: say what is wrong with its name, keep off one that another daemon
 * serves, and stop taking connections while messages under way end. */
#include "listener.h"
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "errors.h"
#include "span.h"

const char *listener_path(const char *spec)
{
    if (strncmp(spec, "unix:", 5) == 0)
        return spec + 5;
    return strncmp(spec, "local:", 6) == 0 ? spec + 6 : NULL;
}

static int check_path(const char *path, char *error_r, size_t size)
{
    if (path[0] != '/')
        snprintf(error_r, size, "socket 'unix:%s': expected an absolute path", path);
    else if (strlen(path) >= sizeof((struct sockaddr_un *)0)->sun_path)
        snprintf(error_r, size, "socket 'unix:%s': the path is longer than %zu bytes", path,
                 sizeof((struct sockaddr_un *)0)->sun_path - 1);
    else
        return 0;
    return VOUCH_E_CONFIG;
}

static int check_host(const char *spec, const char *host, int family, char *error_r, size_t size)
{
    char name[256];
    struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    struct span s = span_of(host);
    if (s.len >= 2 && s.p[0] == '[' && s.p[s.len - 1] == ']')
        s = span_slice(s, 1, s.len - 1);
    snprintf(name, sizeof name, "%.*s", SPAN_ARGS(s));
    int rc = getaddrinfo(name, NULL, &hints, &found);
    if (rc != 0) {
        snprintf(error_r, size, "socket '%s': '%s' is not an %s address: %s", spec, host,
                 family == AF_INET ? "IPv4" : "IPv6", gai_strerror(rc));
        return VOUCH_E_CONFIG;
    }
    freeaddrinfo(found);
    return 0;
}

int listener_check(const char *spec, char *error_r, size_t size)
{
    if (listener_path(spec))
        return check_path(listener_path(spec), error_r, size);
    struct span rest = span_of(spec), type, port_text;
    uint64_t port;
    span_split(&rest, ':', &type);
    int family = span_ieq_cstr(type, "inet")    ? AF_INET
                 : span_ieq_cstr(type, "inet6") ? AF_INET6
                                                : AF_UNSPEC;
    if (family == AF_UNSPEC || !span_split(&rest, '@', &port_text) ||
        span_uint(port_text, 65535, &port) != 0 || port == 0) {
        snprintf(error_r, size,
                 "socket '%s': expected unix:/PATH, inet:PORT@ADDRESS or inet6:PORT@ADDRESS", spec);
        return VOUCH_E_CONFIG;
    }
    return rest.p ? check_host(spec, rest.p, family, error_r, size) : 0;
}

/* True if somebody accepts connections at path. */
static bool is_served(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return true; /* cannot tell: keep off it */
    bool served = connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ||
                  (errno != ECONNREFUSED && errno != ENOENT);
    close(fd);
    return served;
}

int listener_clear(const char *spec, char *error_r, size_t size)
{
    const char *path = listener_path(spec);
    struct stat st;
    if (!path || lstat(path, &st) != 0)
        return 0;
    if (!S_ISSOCK(st.st_mode))
        snprintf(error_r, size, "socket '%s': what is at that path is not a socket", spec);
    else if (is_served(path))
        snprintf(error_r, size,
                 "socket '%s': another process listens there; stop it first, or name another "
                 "socket",
                 spec);
    else if (unlink(path) != 0 && errno != ENOENT)
        snprintf(error_r, size, "socket '%s': cannot remove the one left behind: %s", spec,
                 strerror(errno));
    else
        return 0;
    return VOUCH_E_IO;
}

static const char *user_name(char number[16])
{
    const struct passwd *pw = getpwuid(geteuid());
    if (pw)
        return pw->pw_name;
    snprintf(number, 16, "%lu", (unsigned long)geteuid());
    return number;
}

static bool explain_path(const char *path, int error, char *text_r, size_t size)
{
    char number[16];
    int dir = (int)(strrchr(path, '/') - path);
    if (error == ENOENT)
        snprintf(text_r, size, "there is no directory %.*s: make it, for user '%s'", dir, path,
                 user_name(number));
    else if (error == EACCES)
        snprintf(text_r, size, "user '%s' may not make a socket in %.*s: give it that directory",
                 user_name(number), dir, path);
    else if (error == EROFS)
        snprintf(text_r, size,
                 "%.*s is read-only for this process: where systemd starts it, the unit's "
                 "ReadWritePaths must name that directory",
                 dir, path);
    else
        return false;
    return true;
}

void listener_explain(const char *spec, int error, char *text_r, size_t size)
{
    const char *path = listener_path(spec);
    if (path && explain_path(path, error, text_r, size))
        return;
    const char *why = error == 0        ? "the milter library's reason is in syslog"
                      : path            ? strerror(error)
                      : error == EACCES ? "ports below 1024 are root's: take a higher one"
                      : error == EADDRINUSE
                          ? "something else listens there: stop it, or take another port"
                      : error == EADDRNOTAVAIL ? "this host has no such address"
                                               : strerror(error);
    snprintf(text_r, size, "%s", why);
}

void listener_scan(struct listener_set *set_r)
{
    for (int fd = 0; fd < (int)(sizeof set_r->open / sizeof *set_r->open); fd++) {
        int listening = 0;
        socklen_t len = sizeof listening;
        set_r->open[fd] =
            getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) == 0 && listening;
    }
}

int listener_find(const struct listener_set *before)
{
    struct listener_set now;
    listener_scan(&now);
    for (int fd = 0; fd < (int)(sizeof now.open / sizeof *now.open); fd++)
        if (now.open[fd] && !before->open[fd])
            return fd;
    return -1;
}

void listener_no_delay(int fd)
{
    int on = 1; /* which the connections inherit */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/* Binding a unix socket to nothing but its family gives it a name of its own on Linux; elsewhere the bind fails, and a socket
 * that does not listen serves as well: it is never ready. */
void listener_close(int fd)
{
    struct sockaddr_un nowhere = {.sun_family = AF_UNIX};
    int dead = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (dead < 0)
        return;
    if (bind(dead, (struct sockaddr *)&nowhere, sizeof nowhere.sun_family) == 0)
        (void)listen(dead, 1);
    dup2(dead, fd);
    close(dead);
}
