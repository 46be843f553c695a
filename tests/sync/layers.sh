#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The layer rule of ARCHITECTURE.md, read from the code: who includes whom, that the pure floors touch
# nothing outside, and that libmilter has one door.
set -u
src=${VOUCH_SRCDIR:-.} build=${VOUCH_BUILDDIR:-.}
cd "$src" || exit 1
. "$src/tests/sync/report.bash"

# Room: the rooms it may include, itself first. "policy" is assess and settings_load.
rooms='
policy/clock:policy/clock
policy/disk:policy/disk
policy/message:policy/message
policy/evidence:policy/evidence policy/message
policy/trust:policy/trust policy/evidence policy/message
policy/rules:policy/rules policy/trust policy/evidence policy/message
policy/verify:policy/verify policy/clock policy/evidence policy/message
policy/store:policy/store policy/clock policy/trust policy/evidence policy/message
policy/release:policy/release policy/clock policy/message
policy/journal:policy/journal policy/clock policy/disk policy/rules policy/trust policy/evidence policy/message
policy/quarantine:policy/quarantine policy/clock policy/disk policy/message
policy:policy policy/clock policy/verify policy/store policy/journal policy/rules policy/trust policy/evidence policy/message
policy/replay:policy/replay policy policy/clock policy/verify policy/store policy/journal policy/rules policy/trust policy/evidence policy/message
policy/tool:policy/tool policy/release policy/replay policy/quarantine policy policy/clock policy/verify policy/store policy/journal policy/rules policy/trust policy/evidence policy/message
milter:milter policy/quarantine policy policy/clock policy/verify policy/store policy/journal policy/rules policy/trust policy/evidence policy/message
'
pure='message evidence trust rules'

echo "1..$(($(printf '%s' "$rooms" | grep -c :) + 7))"

wrong_includes() { # ROOM ALLOWED...
    local room=$1 file header allowed found
    shift
    for file in "$room"/*.c "$room"/*.h; do
        [ -f "$file" ] || continue
        sed -n 's/^#include "\(.*\)".*/\1/p' "$file" | while read -r header; do
            [ "$header" = config.h ] && continue
            found=
            for allowed in "$@"; do
                [ -f "$allowed/$header" ] && found=1
            done
            [ -n "$found" ] || echo "$file includes $header, which is in none of: $*"
        done
    done
}

while IFS=: read -r room allowed; do
    [ -n "$room" ] || continue
    # shellcheck disable=SC2086
    report "$room includes only what it may" "$(wrong_includes "$room" $allowed)"
done <<EOF
$rooms
EOF

# What an object of a pure floor may not ask for: I/O, clocks, environment, logs, threads, chance.
forbidden='socket|connect|bind|listen|accept4?|send|sendto|sendmsg|recv|recvfrom|recvmsg|poll|select|epoll_.*|open|open64|openat|creat|fopen|fopen64|fdopen|read|write|close|unlink|rename|stat|mkdir|time|gettimeofday|clock_gettime|clock|getenv|secure_getenv|setenv|syslog|vsyslog|printf|vprintf|puts|putchar|perror|pthread_.*|thrd_.*|mtx_.*|rand|rand_r|random|getrandom|arc4random.*|fork|execv.*|system|signal|sigaction|exit|_exit|sleep|usleep|nanosleep|psl_builtin|psl_load_file|config_read_file|stdout|stderr|stdin'
for floor in $pure; do
    objects=$(find "$build/policy/$floor" -maxdepth 1 -name '*.o' 2>/dev/null)
    problems=
    if [ -z "$objects" ]; then
        problems="no objects in $build/policy/$floor: build first"
    else
        for object in $objects; do
            bad=$(nm -u "$object" | awk '{print $2}' | sed 's/@.*//; s/^__isoc99_//' | grep -Ex "$forbidden" | tr '\n' ' ')
            [ -z "$bad" ] || problems="$problems$(basename "$object") asks for: $bad
"
        done
    fi
    report "the $floor floor is pure" "$problems"
done

report "only milter/milter.c includes libmilter" \
    "$(grep -l 'libmilter/' milter/*.[ch] policy/*.[ch] policy/*/*.[ch] 2>/dev/null | grep -v '^milter/milter\.c$')"

report "no two headers of one name, no two functions" "$(
    find policy milter -name '*.h' -printf '%f\n' | sort | uniq -d
    for room in "$build"/policy/*/lib*.a "$build"/policy/lib*.a "$build"/milter/lib*.a; do
        [ -f "$room" ] && nm -g --defined-only "$room" 2>/dev/null | awk 'NF == 3 && $3 !~ /^_/ {print $3}' | sort -u
    done | sort | uniq -d)"

report "no banned functions" \
    "$(grep -nwE '(strcpy|strcat|sprintf|vsprintf|strtok|gets|atoi|atol|localtime|gmtime|inet_ntoa|inet_addr|alloca)[[:space:]]*\(' \
        milter/*.c policy/*.c policy/*/*.c 2>/dev/null)"
