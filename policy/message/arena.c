/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory with the lifetime of one message: blocks in a list, handed out from the front, freed
 * together. Invariant: used <= max, and the head block is the one that is being filled. A request
 * that does not fit into a block gets one of its own behind the head. */
#include "arena.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "errors.h"

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define FIRST_BLOCK 1 /* each request is its own malloc, so that overruns are seen */
#define MAX_BLOCK   1
#else
#define FIRST_BLOCK 1000  /* bytes; an envelope fits, and malloc keeps such blocks at hand */
#define MAX_BLOCK   16000 /* bytes; each block is twice its predecessor up to this */
#endif

struct block {
    struct block *next;
    size_t size, filled;
    _Alignas(max_align_t) char data[];
};

struct arena {
    struct block *head;
    size_t used, max;
    size_t held; /* the blocks' sizes */
};

struct arena *arena_new(size_t max)
{
    struct arena *arena = calloc(1, sizeof *arena);
    if (arena)
        arena->max = max;
    return arena;
}

static void free_blocks(struct block *block)
{
    while (block) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
}

void arena_free(struct arena **arenap)
{
    if (!*arenap)
        return;
    free_blocks((*arenap)->head);
    free(*arenap);
    *arenap = NULL;
}

void arena_reset(struct arena *arena)
{
    arena->used = 0;
    if (!arena->head)
        return;
    free_blocks(arena->head->next);
    arena->head->next = NULL;
    arena->head->filled = 0;
    if (arena->head->size > MAX_BLOCK) {
        free(arena->head);
        arena->head = NULL;
    }
    arena->held = arena->head ? sizeof *arena->head + arena->head->size : 0;
}

size_t arena_held(const struct arena *arena)
{
    return arena ? sizeof *arena + arena->held : 0;
}

static size_t next_size(const struct arena *arena)
{
    if (!arena->head)
        return FIRST_BLOCK;
    size_t last = arena->head->size;
    return last < MAX_BLOCK && 2 * last < MAX_BLOCK ? 2 * last : MAX_BLOCK;
}

static struct block *add_block(struct arena *arena, size_t n)
{
    size_t next = next_size(arena), size = n > next ? n : next;
    if (size > SIZE_MAX - sizeof(struct block))
        return NULL;
    struct block *block = malloc(sizeof *block + size);
    if (!block)
        return NULL;
    block->size = size;
    block->filled = 0;
    arena->held += sizeof *block + size;
    if (arena->head && n > MAX_BLOCK) {
        block->next = arena->head->next;
        arena->head->next = block;
    } else {
        block->next = arena->head;
        arena->head = block;
    }
    return block;
}

void *arena_alloc(struct arena *arena, size_t n)
{
    const size_t align = _Alignof(max_align_t);
    if (n == 0)
        n = 1;
    if (n > arena->max - arena->used)
        return NULL;
    struct block *block = arena->head;
    size_t at = block ? (block->filled + align - 1) / align * align : 0;
    if (!block || at > block->size || n > block->size - at) {
        block = add_block(arena, n);
        at = 0;
    }
    if (!block)
        return NULL;
    block->filled = at + n;
    arena->used += n;
    return memset(block->data + at, 0, n);
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        return NULL;
    return arena_alloc(arena, count * size);
}

char *arena_strdup(struct arena *arena, const char *s)
{
    return s ? arena_span(arena, span_of(s)) : NULL;
}

char *arena_span(struct arena *arena, struct span s)
{
    char *copy = s.len < SIZE_MAX ? arena_alloc(arena, s.len + 1) : NULL;
    if (copy && s.len)
        memcpy(copy, s.p, s.len);
    return copy;
}

char *arena_join(struct arena *arena, const char *a, const char *b, const char *c)
{
    size_t a_len = strlen(a), b_len = strlen(b), c_len = strlen(c);
    char *text = arena_alloc(arena, a_len + b_len + c_len + 1);
    if (!text)
        return NULL;
    memcpy(text, a, a_len);
    memcpy(text + a_len, b, b_len);
    memcpy(text + a_len + b_len, c, c_len);
    return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    char first[256]; /* most texts fit: formatted once */
    va_list args;
    va_start(args, format);
    int n = vsnprintf(first, sizeof first, format, args);
    va_end(args);
    char *text = n >= 0 ? arena_alloc(arena, (size_t)n + 1) : NULL;
    if (!text)
        return NULL;
    if ((size_t)n < sizeof first)
        return memcpy(text, first, (size_t)n + 1);
    va_start(args, format);
    vsnprintf(text, (size_t)n + 1, format, args);
    va_end(args);
    return text;
}

int arena_grow(struct arena *arena, void *itemsp, size_t count, size_t *capp, size_t size,
               size_t max)
{
    if (count >= max)
        return VOUCH_E_LIMIT;
    if (count < *capp)
        return 0;
    size_t cap = *capp ? *capp : 4;
    cap = cap > max / 2 ? max : cap * 2;
    void *items = arena_array(arena, cap, size);
    if (!items)
        return VOUCH_E_NOMEM;
    void *old;
    memcpy(&old, itemsp, sizeof old); /* itemsp may be a pointer to any kind of pointer */
    if (count)
        memcpy(items, old, count * size);
    memcpy(itemsp, &items, sizeof items);
    *capp = cap;
    return 0;
}
