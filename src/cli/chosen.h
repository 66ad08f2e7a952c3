/* chosen.h - the workflows that list, graph and their like show. */
#ifndef ACTC_CLI_CHOSEN_H
#define ACTC_CLI_CHOSEN_H

#include <stdio.h>

#include "cli.h"

struct chosen {
	struct sources sources;
	struct diags diags;
	struct workflow_files files;
	size_t n;
	const struct selected *v;
};

/* Reads the workflow files and chooses by EVENT and -j; without both, every job of every valid
 * file. Diagnostics are printed on stderr. Returns EXIT_OK, or the exit status to end with, said.
 */
int chosen_read(struct chosen *c, struct options *o);

/* The job's name: as written, with its expressions, on one line; its id when it has none. */
struct str chosen_job_name(struct arena *a, const struct sources *sources,
			   const struct job_def *job);
/* "push, pull_request" */
struct str chosen_events(struct arena *a, const struct workflow *w);
/* "build, lint", or empty. */
struct str chosen_needs(struct arena *a, const struct job_def *job);

/* Hostile characters become blanks: names come from files that are not trusted. */
void put_clean(FILE *out, struct str s);

/* What is written for a character; a table ends with { 0, NULL }. */
struct escape {
	char c;
	const char *text;
};
void put_escaped(FILE *out, struct str s, const struct escape *escapes);
size_t str_columns(struct str s);
/* Whether lines may be drawn with box characters. */
bool locale_is_utf8(void);

#endif
