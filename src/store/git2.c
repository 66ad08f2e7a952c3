/*
 * git2.c - loading libgit2 and what every caller of it needs: errors and object ids.
 *
 * Facts about repositories are repo.c's, objects are odb.c's.
 */
#include "git2.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "actc/repo.h"

#ifndef ACTC_LIBGIT2_SO
#define ACTC_LIBGIT2_SO "libgit2.so"
#endif

#ifndef ACTC_LIBCRYPTO_SO
#define ACTC_LIBCRYPTO_SO "libcrypto.so"
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
 * What a libgit2 does when it starts for connections that are never made through it: one that is
 * built with mbedTLS reads all of the machine's certificates and gathers randomness, and libssh2
 * starts all of OpenSSL. That takes longer than everything that is wanted of it. The program's own
 * functions of these names, which the Makefile exports, are found before the libraries'. Without
 * certificates every connection would be refused. (libcurl, too, is found our libssh2_init: it is
 * never asked for scp.)
 */
int mbedtls_x509_crt_parse_file(void *chain, const char *path);
int mbedtls_x509_crt_parse_file(void *chain, const char *path)
{
	(void)chain;
	(void)path;
	return 0;
}

int mbedtls_ctr_drbg_seed(void *rng, int (*entropy)(void *, unsigned char *, size_t), void *ctx,
			  const unsigned char *custom, size_t len);
int mbedtls_ctr_drbg_seed(void *rng, int (*entropy)(void *, unsigned char *, size_t), void *ctx,
			  const unsigned char *custom, size_t len)
{
	(void)rng;
	(void)entropy;
	(void)ctx;
	(void)custom;
	(void)len;
	return 0;
}

int libssh2_init(int flags);
int libssh2_init(int flags)
{
	(void)flags;
	return 0;
}

/* Safe while another thread does the same; nothing else of libgit2's settings is. */
static bool start(struct git2 *g, struct err *err)
{
	return dynload(ACTC_LIBGIT2_SO, symbols, sizeof(symbols) / sizeof(*symbols), g, err) &&
	       (g->git_libgit2_init() >= 0 || git2_error(g, err, "libgit2 does not start"));
}

bool git2_load(struct git2 *g, struct err *err)
{
	if (!start(g, err)) {
		return false;
	}
	if (g->git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, extensions,
				sizeof(extensions) / sizeof(*extensions)) < 0) {
		return git2_error(g, err, "libgit2 does not start");
	}
	return true;
}

/* --- beside the caller ------------------------------------------------------------------------ */

struct git_ahead {
	pthread_t thread;
	bool threaded;
};

static void *load(void *ctx)
{
	struct err ignored = ERR_INIT;
	struct git2 g;

	(void)ctx;
	/* What most of its libraries need, and by itself: what it looks up of its own is then not
	 * looked for in all of them first. */
	void *crypto = dlopen(ACTC_LIBCRYPTO_SO, RTLD_LAZY | RTLD_LOCAL);

	(void)start(&g, &ignored);
	if (crypto) {
		(void)dlclose(crypto);
	}
	err_release(&ignored);
	return NULL;
}

struct git_ahead *git_begin(void)
{
	struct git_ahead *ahead = calloc(1, sizeof(*ahead));

	BUG_ON(!ahead);
	ahead->threaded = pthread_create(&ahead->thread, NULL, load, NULL) == 0;
	return ahead;
}

void git_end(struct git_ahead *ahead)
{
	if (ahead->threaded) {
		(void)pthread_join(ahead->thread, NULL);
	}
	free(ahead);
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
