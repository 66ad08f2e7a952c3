/*
 * stream.h - one output line's way: bytes -> lines -> workflow commands (SEMANTICS 4.5, 4.9).
 */
#ifndef ACTC_STREAM_H
#define ACTC_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "actc/arena.h"
#include "actc/str.h"
#include "actc/strbuf.h"

/* Bytes to lines: a line ends at \n, \r\n or a lone \r; a line longer than 1 MiB is handed on in
 * pieces of at most that size; invalid UTF-8 is replaced by U+FFFD. A \r at the end of a chunk
 * waits for the next. */
struct line_splitter {
	struct strbuf rest;  /* a line whose end has not come */
	struct strbuf valid; /* a line with its invalid parts replaced */
	bool pending_cr;
	bool continued; /* while a line is handed on: it is the further piece of a long one */
	void (*line)(void *ctx, struct str line);
	void *ctx;
	/* Where a long line may be cut (masker_cut, so that no secret is cut in two); 0 = anywhere.
	 * NULL: anywhere. May be set after line_splitter_init. */
	size_t (*cut)(void *ctx, struct str piece);
	/* Takes whole lines (each \n-ended, valid UTF-8, none of them a piece) from the begin of a
	 * text, as many as it likes; how many bytes that were. The next line goes to `line`. NULL:
	 * all do. May be set after line_splitter_init. */
	size_t (*block)(void *ctx, struct str text);
};

enum { LINE_MAX_BYTES = 1024 * 1024 };

void line_splitter_init(struct line_splitter *s, void (*line)(void *ctx, struct str line),
			void *ctx);
void line_splitter_feed(struct line_splitter *s, struct str bytes);
/* The last line, if it had no end. */
void line_splitter_finish(struct line_splitter *s);
void line_splitter_release(struct line_splitter *s);

enum command_kind {
	COMMAND_SET_OUTPUT,
	COMMAND_SAVE_STATE,
	COMMAND_SET_ENV,
	COMMAND_ADD_PATH,
	COMMAND_ADD_MASK,
	COMMAND_ADD_MATCHER,
	COMMAND_REMOVE_MATCHER,
	COMMAND_DEBUG,
	COMMAND_ERROR,
	COMMAND_WARNING,
	COMMAND_NOTICE,
	COMMAND_GROUP,
	COMMAND_ENDGROUP,
	COMMAND_ECHO,
	COMMAND_STOP_COMMANDS,
};

struct command_property {
	struct str key;
	struct str value; /* unescaped */
};

struct command {
	enum command_kind kind;
	struct str name; /* as written */
	struct str data; /* unescaped */
	size_t n;
	const struct command_property *properties;
};

/* True when the line is a command with a registered name, in `::name k=v::data` or `##[name
 * k=v;]data` form. Fast for lines that cannot be one. Strings are in the arena or borrowed from the
 * line. */
bool command_parse(struct arena *a, struct str line, struct command *out);
/* Quick: false when the line is surely neither a command nor one that resumes them, and has no mark
 * of the runner's own. */
bool command_possible(struct str line);
/* A property by name without case, or empty. */
struct str command_property(const struct command *c, struct str key);
bool command_is_registered(struct str name);
/* Where an error, warning or notice is, as far as what it says makes sense; 0 = not said. */
struct command_place {
	int64_t line, end_line, col, end_col;
};
struct command_place command_place(const struct command *c);
/* While commands are stopped: is this line the one that resumes them, `::token::` or `##[token]`?
 */
bool command_is_resume(struct str line, struct str token);

/* The file command grammar of ENV, OUTPUT and STATE (SEMANTICS 4.8). Calls back for each pair in
 * order, before a later fault is found. False with GitHub's text in *why. */
bool filecmd_parse(struct arena *a, struct str content,
		   void (*pair)(void *ctx, struct str name, struct str value), void *ctx,
		   struct str *why);
/* Content of such a file as UTF-8: BOMs of UTF-8, 16 and 32 are decoded. */
struct str filecmd_decode(struct arena *a, struct str content);

#endif
