/* SPDX-License-Identifier: BSD-2-Clause */
/* The floor for every milter on libmilter: takes each event without a reply and adds one field at the end, as vouch-milter
 * does at least. Usage: null_milter SOCKET */
#include <libmilter/mfapi.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define NO_REPLIES                                                                                 \
    (SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_MAIL | SMFIP_NR_RCPT | SMFIP_NR_DATA |               \
     SMFIP_NR_HDR | SMFIP_NR_EOH | SMFIP_NR_BODY | SMFIP_HDR_LEADSPC)

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
                             unsigned long f2, unsigned long f3, unsigned long *actions_r,
                             unsigned long *steps_r, unsigned long *f2_r, unsigned long *f3_r)
{
    (void)ctx, (void)actions, (void)f2, (void)f3;
    *actions_r = SMFIF_ADDHDRS;
    *steps_r = steps & NO_REPLIES;
    *f2_r = *f3_r = 0;
    return SMFIS_CONTINUE;
}

static sfsistat on_connect(SMFICTX *ctx, char *name, _SOCK_ADDR *from)
{
    (void)ctx, (void)name, (void)from;
    return SMFIS_NOREPLY;
}

static sfsistat on_helo(SMFICTX *ctx, char *helo)
{
    (void)ctx, (void)helo;
    return SMFIS_NOREPLY;
}

static sfsistat on_path(SMFICTX *ctx, char **path)
{
    (void)ctx, (void)path;
    return SMFIS_NOREPLY;
}

static sfsistat on_field(SMFICTX *ctx, char *name, char *value)
{
    (void)ctx, (void)name, (void)value;
    return SMFIS_NOREPLY;
}

static sfsistat on_step(SMFICTX *ctx)
{
    (void)ctx;
    return SMFIS_NOREPLY;
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *bytes, size_t n)
{
    (void)ctx, (void)bytes, (void)n;
    return SMFIS_NOREPLY;
}

static sfsistat on_end(SMFICTX *ctx)
{
    char name[] = "Authentication-Results", value[] = " mx.example.org; none";
    smfi_insheader(ctx, 0, name, value);
    return SMFIS_CONTINUE;
}

int main(int argc, char **argv)
{
    char name[] = "null_milter";
    struct smfiDesc description = {
        .xxfi_name = name,
        .xxfi_version = SMFI_VERSION,
        .xxfi_flags = SMFIF_ADDHDRS,
        .xxfi_connect = on_connect,
        .xxfi_helo = on_helo,
        .xxfi_envfrom = on_path,
        .xxfi_envrcpt = on_path,
        .xxfi_data = on_step,
        .xxfi_header = on_field,
        .xxfi_eoh = on_step,
        .xxfi_body = on_body,
        .xxfi_eom = on_end,
        .xxfi_negotiate = on_negotiate,
    };
    if (argc != 2) {
        fputs("usage: null_milter SOCKET\n", stderr);
        return 64;
    }
    if (smfi_setconn(argv[1]) != MI_SUCCESS || smfi_register(description) != MI_SUCCESS ||
        smfi_opensocket(true) != MI_SUCCESS) {
        fprintf(stderr, "null_milter: cannot listen on %s\n", argv[1]);
        return 69;
    }
    return smfi_main() == MI_SUCCESS ? 0 : 70;
}
