# SPDX-License-Identifier: BSD-2-Clause
# vouch.m4: what configure asks, and how it says what it found.

# VOUCH_COMPILER: C17, our warnings, --enable-werror.
AC_DEFUN([VOUCH_COMPILER], [
  AC_ARG_ENABLE([werror],
    [AS_HELP_STRING([--enable-werror], [make warnings errors (continuous integration does)])],
    [], [enable_werror=no])
  VOUCH_CFLAGS=
  for flag in -std=gnu17 -Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes -Wshadow \
      -Wformat=2 -Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wvla \
      -fno-common -fstack-protector-strong; do
    VOUCH_TRY_CFLAG([$flag])
  done
  AS_IF([test "x$enable_werror" = xyes], [VOUCH_TRY_CFLAG([-Werror])])
  AC_SUBST([VOUCH_CFLAGS])
  VOUCH_LDFLAGS=
  VOUCH_TRY_LDFLAG([-Wl,--as-needed]) # a program needs not all that its rooms' libraries do
  AC_SUBST([VOUCH_LDFLAGS])
])

# VOUCH_TRY_CFLAG(FLAG): add FLAG to VOUCH_CFLAGS if the compiler takes it.
AC_DEFUN([VOUCH_TRY_CFLAG], [
  vouch_saved_cflags=$CFLAGS
  CFLAGS="$CFLAGS -Werror $1"
  AC_MSG_CHECKING([whether $CC takes $1])
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
    [AC_MSG_RESULT([yes]); VOUCH_CFLAGS="$VOUCH_CFLAGS $1"],
    [AC_MSG_RESULT([no])])
  CFLAGS=$vouch_saved_cflags
])

# VOUCH_TRY_LDFLAG(FLAG): add FLAG to VOUCH_LDFLAGS if the linker takes it.
AC_DEFUN([VOUCH_TRY_LDFLAG], [
  vouch_saved_ldflags=$LDFLAGS
  LDFLAGS="$LDFLAGS $1"
  AC_MSG_CHECKING([whether the linker takes $1])
  AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
    [AC_MSG_RESULT([yes]); VOUCH_LDFLAGS="$VOUCH_LDFLAGS $1"],
    [AC_MSG_RESULT([no])])
  LDFLAGS=$vouch_saved_ldflags
])

# VOUCH_SANITIZERS: --enable-asan (with UBSan), --enable-tsan, --enable-fuzzing.
AC_DEFUN([VOUCH_SANITIZERS], [
  AC_ARG_ENABLE([asan],
    [AS_HELP_STRING([--enable-asan], [build with AddressSanitizer and UndefinedBehaviorSanitizer])],
    [], [enable_asan=no])
  AC_ARG_ENABLE([tsan],
    [AS_HELP_STRING([--enable-tsan], [build with ThreadSanitizer])],
    [], [enable_tsan=no])
  AC_ARG_ENABLE([fuzzing],
    [AS_HELP_STRING([--enable-fuzzing], [build the fuzz targets with libFuzzer (needs CC=clang)])],
    [], [enable_fuzzing=no])
  AS_IF([test "x$enable_asan" = xyes && test "x$enable_tsan" = xyes],
    [AC_MSG_ERROR([--enable-asan and --enable-tsan exclude each other: choose one])])
  SANITIZE_FLAGS=
  FUZZ_FLAGS=
  AS_IF([test "x$enable_asan" = xyes || test "x$enable_fuzzing" = xyes],
    [SANITIZE_FLAGS="-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g"])
  AS_IF([test "x$enable_tsan" = xyes],
    [SANITIZE_FLAGS="-fsanitize=thread -fno-omit-frame-pointer -g"])
  AS_IF([test "x$enable_fuzzing" = xyes], [
    SANITIZE_FLAGS="$SANITIZE_FLAGS -fsanitize=fuzzer-no-link"
    FUZZ_FLAGS="-fsanitize=fuzzer"
    vouch_saved_cflags=$CFLAGS
    CFLAGS="$CFLAGS -fsanitize=fuzzer"
    AC_MSG_CHECKING([whether $CC has libFuzzer])
    AC_LINK_IFELSE([AC_LANG_SOURCE([
        #include <stddef.h>
        #include <stdint.h>
        int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
        int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) { return p != 0 && n > 99; }])],
      [AC_MSG_RESULT([yes])],
      [AC_MSG_RESULT([no])
       AC_MSG_ERROR([--enable-fuzzing needs clang with libFuzzer: install clang and libclang-rt-14-dev, then ./configure CC=clang --enable-fuzzing])])
    CFLAGS=$vouch_saved_cflags
  ])
  AC_SUBST([SANITIZE_FLAGS])
  AC_SUBST([FUZZ_FLAGS])
  AM_CONDITIONAL([FUZZING], [test "x$enable_fuzzing" = xyes])
  AM_CONDITIONAL([TSAN], [test "x$enable_tsan" = xyes])
  AM_CONDITIONAL([SANITIZED], [test -n "$SANITIZE_FLAGS"])
])

# VOUCH_PKG(VARIABLE, PKG-CONFIG MODULE, DEBIAN PACKAGE, WHAT FOR)
AC_DEFUN([VOUCH_PKG], [
  PKG_CHECK_MODULES([$1], [$2], [],
    [vouch_missing="$vouch_missing
    $3	($4)"])
])

# VOUCH_LIB(VARIABLE, HEADER, LIBRARY, FUNCTION, DEBIAN PACKAGE, WHAT FOR, [INCLUDES])
# for libraries that ship no pkg-config file.
AC_DEFUN([VOUCH_LIB], [
  vouch_saved_libs=$LIBS
  vouch_found=yes
  AC_CHECK_HEADER([$2], [], [vouch_found=no], [$7])
  AC_CHECK_LIB([$3], [$4], [], [vouch_found=no])
  LIBS=$vouch_saved_libs
  AS_IF([test $vouch_found = yes], [$1_LIBS="-l$3"],
    [vouch_missing="$vouch_missing
    $5	($6)"])
  AC_SUBST([$1_LIBS])
])

# VOUCH_LIBRARIES: all that the code uses; all missing ones are named at once.
AC_DEFUN([VOUCH_LIBRARIES], [
  vouch_missing=
  VOUCH_LIB([MILTER], [libmilter/mfapi.h], [milter], [smfi_main], [libmilter-dev], [the MTA protocol])
  VOUCH_LIB([SPF2], [spf2/spf.h], [spf2], [SPF_server_new_dns], [libspf2-dev], [SPF],
    [#include <stdarg.h>
     #include <stdio.h>
     #include <sys/types.h>
     #include <netinet/in.h>])
  VOUCH_PKG([OPENDKIM], [opendkim], [libopendkim-dev], [DKIM])
  VOUCH_LIB([UNBOUND], [unbound.h], [unbound], [ub_ctx_create], [libunbound-dev], [DNS])
  VOUCH_PKG([LDNS], [ldns], [libldns-dev], [zone files])
  VOUCH_PKG([PSL], [libpsl], [libpsl-dev], [public suffixes])
  VOUCH_PKG([IDN2], [libidn2], [libidn2-dev], [internationalised domain names])
  VOUCH_LIB([UNISTRING], [uninorm.h], [unistring], [u32_normalize], [libunistring-dev],
    [characters that look alike])
  VOUCH_PKG([HIREDIS], [hiredis], [libhiredis-dev], [the model in Redis])
  VOUCH_PKG([LMDB], [lmdb], [liblmdb-dev], [the embedded model])
  VOUCH_PKG([SODIUM], [libsodium], [libsodium-dev], [mail encrypted at rest])
  VOUCH_PKG([CONFIG], [libconfig], [libconfig-dev], [vouch.conf])
  VOUCH_PKG([JANSSON], [jansson], [libjansson-dev], [JSON])
  VOUCH_PKG([MICROHTTPD], [libmicrohttpd], [libmicrohttpd-dev], [metrics]) # loaded only where they are wanted
  AC_SEARCH_LIBS([dlopen], [dl])
  VOUCH_PKG([ZLIB], [zlib], [zlib1g-dev], [sealed journals])
  VOUCH_PKG([OPENSSL], [libcrypto], [libssl-dev], [random and digests])
  VOUCH_SECCOMP
  PKG_CHECK_MODULES([CMOCKA], [cmocka], [have_cmocka=yes], [have_cmocka=no])
  AM_CONDITIONAL([HAVE_CMOCKA], [test "x$have_cmocka" = xyes])
  PKG_CHECK_MODULES([AVRO], [avro-c], [have_avro=yes], [have_avro=no]) # tests read records with it
  AM_CONDITIONAL([HAVE_AVRO], [test "x$have_avro" = xyes])
  AS_IF([test -n "$vouch_missing"], [AC_MSG_ERROR([these libraries were not found:
$vouch_missing

  On Debian:  apt-get install the packages named first on each line.])])
  AC_ARG_WITH([public-suffix-list],
    [AS_HELP_STRING([--with-public-suffix-list=FILE],
      [public suffix list to read unless vouch.conf names one @<:@/usr/share/publicsuffix/public_suffix_list.dafsa@:>@])],
    [], [with_public_suffix_list=/usr/share/publicsuffix/public_suffix_list.dafsa])
  AC_DEFINE_UNQUOTED([PUBLIC_SUFFIX_LIST], ["$with_public_suffix_list"], [default public suffix list])
])

# VOUCH_SECCOMP: the filter of system calls, where libseccomp is. Sanitizers need more of them than it allows.
AC_DEFUN([VOUCH_SECCOMP], [
  AC_ARG_WITH([seccomp],
    [AS_HELP_STRING([--with-seccomp],
      [let vouch-milter make only the system calls it needs @<:@where libseccomp is@:>@])],
    [], [with_seccomp=check])
  have_seccomp=no
  AS_IF([test -n "$SANITIZE_FLAGS"], [with_seccomp=no])
  AS_CASE([$with_seccomp],
    [yes], [VOUCH_PKG([SECCOMP], [libseccomp], [libseccomp-dev], [the filter of system calls])
      have_seccomp=yes],
    [check], [PKG_CHECK_MODULES([SECCOMP], [libseccomp], [have_seccomp=yes], [have_seccomp=no])])
  AS_IF([test $have_seccomp = yes],
    [AC_DEFINE([HAVE_SECCOMP], [1], [Define to 1 to filter system calls.])])
])

# VOUCH_SYSTEMD: where the unit goes; systemd reads ${prefix}/lib for /usr and /usr/local.
AC_DEFUN([VOUCH_SYSTEMD], [
  AC_ARG_WITH([systemdsystemunitdir],
    [AS_HELP_STRING([--with-systemdsystemunitdir=DIR],
      [where the systemd unit is installed, or "no" @<:@on Linux PREFIX/lib/systemd/system@:>@])],
    [], [AS_CASE([`uname -s`], [Linux], [with_systemdsystemunitdir='${prefix}/lib/systemd/system'],
      [with_systemdsystemunitdir=no])])
  AS_IF([test "x$with_systemdsystemunitdir" = xyes],
    [with_systemdsystemunitdir='${prefix}/lib/systemd/system'])
  AC_SUBST([systemdsystemunitdir], [$with_systemdsystemunitdir])
  AM_CONDITIONAL([SYSTEMD_UNIT], [test "x$with_systemdsystemunitdir" != xno])
])

AC_DEFUN([VOUCH_SUMMARY], [
  vouch_prefix=$prefix
  AS_IF([test "x$prefix" = xNONE], [vouch_prefix=$ac_default_prefix])
  vouch_unit_tests="with cmocka"
  AS_IF([test "x$have_avro" != xyes], [vouch_unit_tests="with cmocka; those of records need libavro-dev"])
  AS_IF([test "x$have_cmocka" != xyes], [vouch_unit_tests="none: libcmocka-dev is missing"])
  vouch_seccomp=$have_seccomp
  AS_IF([test "x$with_seccomp" = xcheck && test $have_seccomp = no],
    [vouch_seccomp="none: libseccomp-dev is missing"])
  vouch_conf=`prefix=$vouch_prefix; eval echo "$sysconfdir/vouch/vouch.conf"`
  AC_MSG_NOTICE([

  vouch $PACKAGE_VERSION is configured.

    compiler            $CC $CFLAGS
    warnings            errors: $enable_werror
    sanitizers          asan+ubsan: $enable_asan, tsan: $enable_tsan, libFuzzer: $enable_fuzzing
    unit tests          $vouch_unit_tests
    system call filter  $vouch_seccomp
    public suffix list  $with_public_suffix_list
    install to          $vouch_prefix
    settings            $vouch_conf

  Next: make && make check
])
])
