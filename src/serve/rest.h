/* rest.h - what the REST API says of commits and files, read with git (rest_git.c, rest_tree.c). */
#ifndef SERVE_REST_H
#define SERVE_REST_H

#include "http.h"

/* Whether it was said here; a thing that git does not know may be known to GitHub. */
enum rest_answer { REST_ELSEWHERE, REST_ANSWERED, REST_NOT_FOUND };

/* Behind repos/OWNER/NAME: contents, refs, branches, tags, histories (rest_tree.c). */
enum rest_answer rest_tree(struct request *r, struct str path);

/* GET of a repository that is not the run's own: asked of its remote with git, which may take a
 * while (rest_other.c). False: git does not know it. */
bool rest_is_other(struct request *r);
bool rest_other(struct request *r, struct value *out);

/* A commit by its id or the name of a ref; false: the reply says why not. */
bool rest_commit(struct request *r, struct str name, struct value *out);
/* The files of the run's pull request, as an array; its commits, the oldest first. */
bool rest_pull_files(struct request *r, struct value *out);
bool rest_pull_commits(struct request *r, struct value *out);

/* NULL-terminated arguments behind `git --git-dir=…`; false: git failed, *out may be anything. */
bool rest_git(struct request *r, const char *const *args, struct strbuf *out);
/* What may be asked for is a name, no option and no range. */
bool rest_is_name(struct str name);
/* The commit of a name, which may be the run's own branch, or empty. */
bool rest_resolve(struct request *r, struct str name, struct str *sha);
/* The same as values, without a reply. */
bool rest_commit_value(struct request *r, struct str name, struct value *out);
/* Commits of a range, newest first, of those that touch a path (or empty). */
bool rest_history(struct request *r, struct str range, struct str path, unsigned long skip,
		  unsigned long max, struct value *out);
/* Changed files since the merge base. */
bool rest_changes(struct request *r, struct str base, struct str head, struct value *out);
/* Of the query; at least 1. */
unsigned long rest_query_number(const struct request *r, const char *name, unsigned long fallback);

#endif
