/* stored.h - how commands show what is kept on disk: sizes and ages. */
#ifndef ACTC_CLI_STORED_H
#define ACTC_CLI_STORED_H

#include <stdbool.h>
#include <stdint.h>

#include "actc/arena.h"
#include "actc/str.h"

/* "17 B", "4.2 MB": in powers of ten, as GitHub shows them. */
struct str stored_size(struct arena *a, uint64_t bytes);
/* 10g, 500MB, 4096: k, m, g and t are powers of 1024, as in --memory. False for anything else. */
bool stored_parse_size(struct str text, uint64_t *bytes);
/* "3 min ago", "2 d ago". */
struct str stored_age(struct arena *a, int64_t ms);

#endif
