/*
 * source.h - texts that diagnostics point into: workflow files, action files, the command line.
 *
 * A span is a pair of byte offsets into one source; line and column are computed only when
 * something is printed. Lines and columns are 1-based; a column counts code points, as libyaml and
 * GitHub do.
 */
#ifndef ACTC_SOURCE_H
#define ACTC_SOURCE_H

#include <stdint.h>

#include "actc/arena.h"
#include "actc/str.h"

struct span {
	uint32_t file; /* index into struct sources, SPAN_NONE = no place */
	uint32_t lo;
	uint32_t hi;
};

#define SPAN_NONE UINT32_MAX
#define NO_SPAN   ((struct span){ SPAN_NONE, 0, 0 })

struct source {
	struct str path; /* as shown to the user */
	struct str text;
	size_t nlines;
	const uint32_t *lines; /* byte offset of each line's start */
};

struct sources {
	struct arena *arena;
	VEC(struct source *) files;
};

struct place {
	uint32_t line;
	uint32_t col;
};

/* Registers a text (copied into the arena, a UTF-8 byte order mark left out) and returns its index.
 */
uint32_t sources_add(struct sources *s, struct str path, struct str text);
const struct source *sources_get(const struct sources *s, uint32_t file);
struct place source_place(const struct source *src, uint32_t offset);
/* The text of a 1-based line without its line end; empty when there is no such line. */
struct str source_line(const struct source *src, uint32_t line);
/* Byte offset of a 0-based line and 0-based code-point column (libyaml's marks); clamped. */
uint32_t source_offset(const struct source *src, size_t line, size_t column);

#endif
