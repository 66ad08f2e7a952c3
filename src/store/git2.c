/*
 * git2.c - loading libgit2 and what every caller of it needs: errors and object ids.
 *
 * Facts about repositories are repo.c's, objects are odb.c's.
 */
#include "git2.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "actc/repo.h"

#ifndef ACTC_LIBGIT2_SO
#define ACTC_LIBGIT2_SO "libgit2.so"
#endif

#define SYMBOL(function) DYNLOAD_SYMBOL(git2, function)

static const struct dynload_symbol symbols[] = { GIT2_FUNCTIONS(SYMBOL) };

/* What git itself may have switched on in a repository, and what reading facts can live with. */
static const char *const extensions[] = {
	"partialclone",
	"preciousobjects",
	"relativeworktrees",
	"worktreeconfig",
};

/*
 * A libgit2 that is built with mbedTLS reads all of the machine's certificates when it starts,
 * which takes longer than everything else that is wanted of it: nothing here speaks TLS through
 * it. The program's own function of this name, which the Makefile exports, is found before the
 * library's. Without certificates every connection would be refused.
 */
int mbedtls_x509_crt_parse_file(void *chain, const char *path);
int mbedtls_x509_crt_parse_file(void *chain, const char *path)
{
	(void)chain;
	(void)path;
	return 0;
}

bool git2_load(struct git2 *g, struct err *err)
{
	if (!dynload(ACTC_LIBGIT2_SO, symbols, sizeof(symbols) / sizeof(*symbols), g, err)) {
		return false;
	}
	if (g->git_libgit2_init() < 0 ||
	    g->git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, extensions,
				sizeof(extensions) / sizeof(*extensions)) < 0) {
		return git2_error(g, err, "libgit2 does not start");
	}
	return true;
}

void git_forget(void)
{
	struct err ignored = ERR_INIT;
	struct git2 g;

	if (dynload(ACTC_LIBGIT2_SO, symbols, sizeof(symbols) / sizeof(*symbols), &g, &ignored)) {
		while (g.git_libgit2_shutdown() > 0) {
		}
		dynload_forget(ACTC_LIBGIT2_SO);
	}
	err_release(&ignored);
}

bool git2_error(const struct git2 *g, struct err *err, const char *fmt, ...)
{
	const git_error *last = g->git_error_last();
	va_list ap;
	char *text = NULL;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0) {
		bug(__FILE__, __LINE__, "out of memory");
	}
	va_end(ap);
	(void)err_set(err, ERR_SYSTEM, "%s: %s", text,
		      last && last->message ? last->message : "unknown error");
	free(text);
	return false;
}

git_repository *git2_reopen(const struct git2 *g, struct str git_dir, struct err *err)
{
	char *path = strndup(git_dir.p, git_dir.len);
	git_repository *repo = NULL;

	if (!path) {
		bug(__FILE__, __LINE__, "out of memory");
	}
	(void)g->git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	if (g->git_repository_open_ext(&repo, path, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL) < 0) {
		(void)git2_error(g, err, "%s", path);
		repo = NULL;
	}
	(void)g->git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 1);
	free(path);
	return repo;
}

struct str git2_hex(const struct git2 *g, struct arena *a, const git_oid *id)
{
	char hex[GIT_OID_HEXSZ];

	(void)g->git_oid_fmt(hex, id);
	return arena_str(a, str_mk(hex, sizeof(hex)));
}

bool git2_id(const struct git2 *g, struct str hex, git_oid *id)
{
	return hex.len == GIT_OID_HEXSZ && g->git_oid_fromstrn(id, hex.p, hex.len) == 0;
}
