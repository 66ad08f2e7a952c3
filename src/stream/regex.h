/*
 * regex.h - the regular expressions of problem matchers: .NET's in its ECMAScript mode, matched by
 * PCRE2, which is loaded at first use (private to src/stream).
 */
#ifndef STREAM_REGEX_H
#define STREAM_REGEX_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdbool.h>

#include "actc/arena.h"
#include "actc/dynload.h"
#include "actc/err.h"
#include "actc/str.h"

#define PCRE2_FUNCTIONS(X)                        \
	X(pcre2_code_free_8)                      \
	X(pcre2_compile_8)                        \
	X(pcre2_compile_context_create_8)         \
	X(pcre2_compile_context_free_8)           \
	X(pcre2_get_error_message_8)              \
	X(pcre2_get_ovector_count_8)              \
	X(pcre2_get_ovector_pointer_8)            \
	X(pcre2_jit_compile_8)                    \
	X(pcre2_jit_stack_assign_8)               \
	X(pcre2_jit_stack_create_8)               \
	X(pcre2_jit_stack_free_8)                 \
	X(pcre2_match_8)                          \
	X(pcre2_match_context_create_8)           \
	X(pcre2_match_context_free_8)             \
	X(pcre2_match_data_create_from_pattern_8) \
	X(pcre2_match_data_free_8)                \
	X(pcre2_set_heap_limit_8)                 \
	X(pcre2_set_match_limit_8)                \
	X(pcre2_set_newline_8)

struct pcre2 {
	PCRE2_FUNCTIONS(DYNLOAD_MEMBER)
};

enum { REGEX_LITERALS = 6, REGEX_CHOICES = 6 };

/* What every line that matches must have: found with the translation, looked for before PCRE2 is
 * asked. */
struct regex_needs {
	size_t n;
	struct str literals[REGEX_LITERALS]; /* in this order, none inside another */
	char rarest;                         /* of their bytes, when there are any */
	size_t nchoices;
	struct str choices[REGEX_CHOICES]; /* one of them: (error|warning) */
	bool by_first;                     /* the line begins with one of `first` */
	unsigned char first[256];
};

/* A pattern in PCRE2's words. */
struct translation {
	struct str pattern;
	size_t ngroups;    /* with the whole match, which is group 0 */
	unsigned *numbers; /* of .NET's group i in PCRE2's pattern: named ones come last there */
	struct regex_needs needs;
};

/* False with what is wrong with it in *why (regex_translate.c). */
bool regex_translate(struct arena *a, struct str pattern, struct translation *out, struct str *why);

struct regex;

enum regex_result { REGEX_NO, REGEX_YES, REGEX_LIMIT };

/* The library, and what all patterns share. */
struct regex_library {
	struct pcre2 f;
	pcre2_compile_context_8 *compile;
	pcre2_match_context_8 *match;
	pcre2_jit_stack_8 *stack;
};

bool regex_library_open(struct regex_library *lib, struct err *err);
void regex_library_close(struct regex_library *lib);

/* NULL with what is wrong with the pattern in *why. The library must live as long as it. */
struct regex *regex_new(struct regex_library *lib, struct arena *a, struct str pattern,
			struct str *why);
void regex_free(struct regex *r);
/* With the whole match, which is group 0. */
size_t regex_groups(const struct regex *r);
/* The line is valid UTF-8. REGEX_LIMIT: it took too much time. */
enum regex_result regex_match(struct regex *r, struct str line);
/* Whether a look at the line without PCRE2 leaves a chance. */
bool regex_may_match(const struct regex *r, struct str line);
/* Words of two or more bytes of which every line that matches has one; their number, 0 when nothing
 * is known of such. They live as long as the pattern. */
size_t regex_words(const struct regex *r, const struct str **words);
/* A group of the last match; one that took no part is empty. Borrowed from the line. */
struct str regex_group(const struct regex *r, struct str line, size_t group);

#endif
