/* SPDX-License-Identifier: BSD-2-Clause */
/* vouch-milter: reads the command line and the settings, becomes a daemon, and serves until it is told to stop.
 *
 * Signals are blocked in every thread; the main thread waits for them, and for nothing else. libmilter runs in a thread of
 * its own. */
#include "config.h"
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>
#include "daemon.h"
#include "errors.h"
#include "listener.h"
#include "milter.h"
#include "notify.h"
#include "peers.h"
#include "poke.h"
#include "process.h"
#include "quarantine.h"
#include "sandbox.h"
#include "settings_load.h"
#include "watch.h"

#define DRAIN_MAX_MS  10000 /* messages under way may end for so long when we stop */
#define DRAIN_STEP_MS 20
#define ERROR_BYTES   512

struct program {
    /* the command line */
    const char *config, *socket_option;
    bool foreground, test;

    char *file; /* the configuration's absolute path; NULL: built-in settings */
    struct settings *settings;
    const char *socket;
    struct log *log;
    struct daemon *daemon;
    struct poke *poke;
    struct watch *watch;
    int ready_fd, pid_fd, listen_fd;
    bool serving;       /* libmilter's threads run */
    atomic_bool failed; /* libmilter gave up */
    dev_t socket_dev;
    ino_t socket_ino;
};

static void usage(FILE *out)
{
    fputs("Usage: vouch-milter [-f] [-c FILE] [-s SOCKET]\n"
          "       vouch-milter -t [-c FILE]\n"
          "Judges mail for Postfix and Sendmail by the milter protocol.\n\n"
          "  -c, --config FILE    settings [" SETTINGS_DEFAULT_FILE "]\n"
          "  -f, --foreground     do not go to the background\n"
          "  -s, --socket SOCKET  listen on SOCKET, whatever the settings say:\n"
          "                       unix:/PATH, inet:PORT@ADDRESS or inet6:PORT@ADDRESS\n"
          "  -t, --test           check the settings and exit\n"
          "  -V, --version        print the version and exit\n"
          "  -h, --help           print this and exit\n\n"
          "SIGHUP or SIGUSR1 reads the settings again; SIGTERM stops. The manual is "
          "vouch-milter(8).\n",
          out);
}

/* One line on standard error, and in the log once there is one. */
static int complain(const struct program *p, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static int complain(const struct program *p, int status, const char *format, ...)
{
    char line[2 * ERROR_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    fprintf(stderr, "vouch-milter: %s\n", line);
    if (p->log && strcmp(p->settings->log, "stderr") != 0)
        log_write(p->log, LOG_LEVEL_ERROR, "%s", line);
    return status;
}

/* -1: go on; otherwise the exit status */
static int read_options(struct program *p, int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"foreground", no_argument, NULL, 'f'},
        {"socket", required_argument, NULL, 's'},
        {"test", no_argument, NULL, 't'},
        {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int c;
    while ((c = getopt_long(argc, argv, "c:fs:tVh", options, NULL)) != -1) {
        switch (c) {
        case 'c':
            p->config = optarg;
            break;
        case 'f':
            p->foreground = true;
            break;
        case 's':
            p->socket_option = optarg;
            break;
        case 't':
            p->test = true;
            break;
        case 'V':
            puts("vouch-milter " PACKAGE_VERSION);
            return EX_OK;
        case 'h':
            usage(stdout);
            return EX_OK;
        default:
            fputs("Try 'vouch-milter --help'.\n", stderr);
            return EX_USAGE;
        }
    }
    if (optind < argc)
        return complain(p, EX_USAGE, "unexpected argument '%s'; try 'vouch-milter --help'",
                        argv[optind]);
    return -1;
}

static int report_mistakes(const struct program *p, const char *file, int rc,
                           const struct settings_error *errors, size_t count)
{
    if (rc == VOUCH_E_IO)
        return complain(p, EX_CONFIG, "%s: %s", file, strerror(errno));
    if (rc != VOUCH_E_CONFIG)
        return complain(p, EX_CONFIG, "%s: %s", file, vouch_strerror(rc));
    for (size_t i = 0; i < count; i++) {
        if (errors[i].line > 0)
            complain(p, EX_CONFIG, "%s:%d: %s", file, errors[i].line, errors[i].text);
        else
            complain(p, EX_CONFIG, "%s: %s", file, errors[i].text);
    }
    return EX_CONFIG;
}

static int read_settings(struct program *p)
{
    const char *file = p->config ? p->config : SETTINGS_DEFAULT_FILE;
    struct settings_error *errors = NULL;
    size_t count = 0;
    if (!p->config && access(file, F_OK) != 0 && errno == ENOENT) {
        fprintf(stderr, "vouch-milter: there is no %s: the built-in settings are used\n", file);
        file = NULL;
    }
    int rc = settings_load(file, &p->settings, &errors, &count);
    if (rc != 0) {
        int status = report_mistakes(p, file ? file : "built-in settings", rc, errors, count);
        settings_errors_free(&errors, count);
        return status;
    }
    p->file = file ? realpath(file, NULL) : NULL; /* a reload happens in another directory */
    return p->file || !file ? 0 : complain(p, EX_OSERR, "%s: %s", file, strerror(errno));
}

static int check_socket(struct program *p)
{
    char error[ERROR_BYTES];
    p->socket = p->socket_option ? p->socket_option : p->settings->socket;
    if (listener_check(p->socket, error, sizeof error) != 0)
        return complain(p, EX_CONFIG, "%s", error);
    return 0;
}

/* A log on standard error needs one: in the background there is only syslog. */
static int open_log(struct program *p)
{
    bool to_stderr = p->foreground && strcmp(p->settings->log, "stderr") == 0;
    p->log = log_new(to_stderr, p->settings->log_level);
    return p->log ? 0 : complain(p, EX_OSERR, "out of memory");
}

/* Makes the socket as the daemon's user and the socket's group, with the mode that the settings want from the first moment on. */
static int open_listener(struct program *p, const struct process_identity *id)
{
    char error[ERROR_BYTES];
    struct listener_set before;
    struct stat st;
    int status = process_assume(id, error, sizeof error);
    if (status != 0)
        return complain(p, status, "%s", error);
    if (listener_clear(p->socket, error, sizeof error) != 0)
        return complain(p, EX_UNAVAILABLE, "%s", error);
    listener_scan(&before);
    mode_t mask = umask(~p->settings->socket_mode & 0777);
    errno = 0;
    int rc = milter_open();
    int saved = errno;
    umask(mask);
    if (rc != 0) {
        listener_explain(p->socket, saved, error, sizeof error);
        return complain(p, EX_UNAVAILABLE, "cannot listen on %s: %s", p->socket, error);
    }
    p->listen_fd = listener_find(&before);
    listener_no_delay(p->listen_fd);
    const char *path = listener_path(p->socket);
    if (path && geteuid() != 0 && getuid() != 0 && id->socket_gid != (gid_t)-1 &&
        lchown(path, (uid_t)-1, id->socket_gid) != 0)
        return complain(p, EX_NOPERM,
                        "cannot give %s to group '%s' (milter.socket_group): %s: make the "
                        "daemon's user a member of it (usermod -a -G)",
                        path, p->settings->socket_group, strerror(errno));
    if (path && lstat(path, &st) == 0) {
        p->socket_dev = st.st_dev;
        p->socket_ino = st.st_ino;
    }
    status = process_resume(id, error, sizeof error);
    return status == 0 ? 0 : complain(p, status, "%s", error);
}

static void our_signals(sigset_t *set_r)
{
    static const int ours[] = {SIGHUP, SIGTERM, SIGINT, SIGUSR1};
    sigemptyset(set_r);
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        sigaddset(set_r, ours[i]);
}

/* Before the first thread, which inherits it. */
static void block_signals(void)
{
    sigset_t set;
    our_signals(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN); /* hiredis raises it */
}

/* The next signal; -1 after timeout_ms. */
static int next_signal(int timeout_ms)
{
    struct timespec t = {.tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000L};
    sigset_t set;
    our_signals(&set);
    return sigtimedwait(&set, NULL, &t);
}

static void *serve(void *arg)
{
    struct program *p = arg;
    milter_run();
    atomic_store(&p->failed, true);
    kill(getpid(), SIGTERM);
    return NULL;
}

/* Removes the socket, unless it is another's by now. */
static void remove_socket(const struct program *p)
{
    const char *path = listener_path(p->socket);
    struct stat st;
    if (path && lstat(path, &st) == 0 && st.st_ino == p->socket_ino && st.st_dev == p->socket_dev)
        unlink(path);
}

static void reload(struct program *p)
{
    char status[ERROR_BYTES];
    notify_reloading();
    daemon_reload(p->daemon);
    watch_status(p->watch, status, sizeof status);
    notify_ready(status);
}

/* Takes no new connections and lets messages under way end; a second signal ends the wait. */
static void drain(struct program *p)
{
    daemon_end_status(p->daemon);
    if (p->listen_fd >= 0)
        listener_close(p->listen_fd);
    remove_socket(p);
    for (int waited = 0; daemon_messages(p->daemon) > 0 && waited < DRAIN_MAX_MS;
         waited += DRAIN_STEP_MS)
        if (next_signal(DRAIN_STEP_MS) > 0)
            break;
}

static int main_loop(struct program *p)
{
    int signal;
    while ((signal = next_signal(watch_tick(p->watch))) != SIGTERM && signal != SIGINT)
        if (signal > 0)
            reload(p);
    if (atomic_load(&p->failed))
        return complain(p, EX_SOFTWARE, "the milter library has ended; its reason is in syslog");
    notify_send("STOPPING=1\nSTATUS=Stopping: messages under way may end");
    log_write(p->log, LOG_LEVEL_INFO, "stopping");
    drain(p);
    remove_socket(p);
    if (daemon_messages(p->daemon) > 0)
        log_write(p->log, LOG_LEVEL_WARNING, "stopping with %u messages under way",
                  daemon_messages(p->daemon));
    daemon_end(p->daemon);
    return EX_OK;
}

static int start_serving(struct program *p)
{
    pthread_t thread;
    p->poke = p->listen_fd >= 0 ? poke_new(p->listen_fd, p->log) : NULL;
    daemon_set_poke(p->daemon, p->poke);
    if (!(p->watch = watch_new(p->daemon, p->listen_fd)) ||
        peers_watch(p->listen_fd, p->daemon) != 0)
        return complain(p, EX_OSERR, "out of memory");
    int rc = pthread_create(&thread, NULL, serve, p);
    if (rc != 0)
        return complain(p, EX_OSERR, "cannot start a thread: %s", strerror(rc));
    pthread_detach(thread);
    p->serving = true;
    if (p->poke)
        poke_wake(p->poke);
    return 0;
}

/* What needs root comes first, then its rights go; what is opened after that is opened as the daemon's user. */
static int become_daemon(struct program *p)
{
    char error[ERROR_BYTES];
    struct process_identity id;
    int status =
        process_identify(p->settings->user, p->settings->socket_group, &id, error, sizeof error);
    if (status == 0 && !p->foreground)
        status = process_background(&p->ready_fd, error, sizeof error);
    if (status == 0 && p->settings->pid_file)
        status = process_pid_file(p->settings->pid_file, &p->pid_fd, error, sizeof error);
    if (status != 0)
        return complain(p, status, "%s", error);
    umask(027);
    p->daemon = daemon_new(settings_ref(p->settings), p->file, p->log);
    if (!p->daemon || milter_setup(p->daemon, p->socket) != 0)
        return complain(p, EX_OSERR, "out of memory");
    if ((status = open_listener(p, &id)) != 0)
        return status;
    if ((status = process_drop(&id, error, sizeof error)) != 0)
        return complain(p, status, "%s", error);
    if (geteuid() == 0)
        complain(p, 0, "runs as root while it reads what strangers send: set milter.user");
    block_signals();
    return 0;
}

/* What is needed is open, and no connection has been taken. A host that has no such filter still wants its mail. */
static void confine(struct program *p)
{
    char error[ERROR_BYTES];
    if (!p->settings->seccomp)
        return;
    if (sandbox_enter(error, sizeof error) == 0)
        log_write(p->log, LOG_LEVEL_INFO, "system calls that mail does not need are refused");
    else
        log_write(p->log, LOG_LEVEL_WARNING, "milter.seccomp: %s: going on without", error);
}

static int run(struct program *p)
{
    char error[ERROR_BYTES];
    process_raise_files();
    process_bound_memory();
    int status = become_daemon(p);
    if (status != 0)
        return status;
    status = daemon_open(p->daemon, error, sizeof error);
    if (status != 0) {
        complain(p, status, "%s", error);
    } else {
        confine(p);
        status = start_serving(p);
    }
    if (status != 0) {
        remove_socket(p);
        return status;
    }
    log_write(p->log, LOG_LEVEL_INFO, "vouch-milter " PACKAGE_VERSION " listens on %s", p->socket);
    process_ready(p->ready_fd);
    watch_status(p->watch, error, sizeof error);
    notify_ready(error);
    return main_loop(p);
}

static int test_files(const struct program *p)
{
    char error[ERROR_BYTES];
    if (quarantine_check_key(p->settings->quarantine_key, error, sizeof error) != 0)
        return complain(p, EX_CONFIG, "%s", error);
    printf("%s: no mistakes found\n", p->file ? p->file : "built-in settings");
    return 0;
}

int main(int argc, char **argv)
{
    struct program p = {.ready_fd = -1, .pid_fd = -1, .listen_fd = -1};
    int status = read_options(&p, argc, argv);
    if (status >= 0)
        return status;
    if ((status = read_settings(&p)) != 0 || (status = check_socket(&p)) != 0)
        goto out;
    if (p.test) {
        status = test_files(&p);
        goto out;
    }
    if ((status = open_log(&p)) == 0)
        status = run(&p);
out:
    watch_free(&p.watch);
    process_pid_file_clear(p.pid_fd);
#ifndef __SANITIZE_ADDRESS__ /* which looks for leaks in exit(): worth the risk in a test */
    if (p.serving)
        _exit(status); /* libmilter's threads are still there and may use what exit() tears down */
#endif
    if (!p.serving) {
        daemon_free(&p.daemon);
        log_free(&p.log);
    }
    free(p.file);
    settings_unref(&p.settings);
    return status;
}
