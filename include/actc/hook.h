/*
 * hook.h - git hooks: what is being committed or pushed, and the scripts in the hooks directory.
 *
 * Nothing here loads libgit2, which alone costs more than a hook that has nothing to do may take:
 * the git program answers.
 */
#ifndef ACTC_HOOK_H
#define ACTC_HOOK_H

#include <stdbool.h>
#include <stddef.h>

#include "actc/arena.h"
#include "actc/err.h"
#include "actc/repo.h"
#include "actc/str.h"

/* --- the content ----------------------------------------------------------------------------- */

/* A commit, or what an index has when commit is empty. */
struct content {
	struct str commit; /* anything git takes for a commit */
	struct str index;  /* absolute; empty = the repository's own */
};

/* Writes the workflow files (*.yml, *.yaml) of the content that are below these paths, relative
 * to the current directory, into dir under the same names; *n is how many there are. */
bool content_write(struct arena *a, const struct content *content, const struct str *paths,
		   size_t npaths, struct str dir, size_t *n, struct err *err);

/* One file of the content, whose path is from the repository's root; *found is false when it has
 * none. A symbolic link is its target's name. */
bool content_read(struct arena *a, const struct content *content, const char *path, bool *found,
		  struct str *text, struct err *err);

/* The facts as they are once `ref` (empty = as it is) has been pushed at that commit; `before` is
 * what the ref was: zeros = it is new, empty = unknown. ERR_NOTHING when it names no commit. */
bool repo_at_commit(struct arena *a, struct str commit, struct str ref, struct str before,
		    struct repo_facts *facts, struct err *err);

/* --- what git says --------------------------------------------------------------------------- */

/* The names of all environment variables that tie git to one repository are unset; the index that
 * GIT_INDEX_FILE named is returned, absolute, or empty. */
struct str hook_leave_git(struct arena *a);

/* One ref of a push, as git writes it on a pre-push hook's standard input. */
struct pushed {
	struct str local_ref, local_sha, remote_ref, remote_sha;
};

struct pushes {
	size_t n;
	size_t cap;
	struct pushed *v;
};

/* Lines that are not of this form are left out. */
void pushes_parse(struct arena *a, struct str text, struct pushes *out);

/* Why GitHub starts nothing for it, or NULL: a deletion, neither a branch nor a tag, more than
 * three tags at once. */
const char *push_silent(const struct pushes *all, const struct pushed *one);

/* refs/heads/… of HEAD; empty when it is detached. */
struct str hook_branch(struct arena *a, int repository);
/* The files that differ between two commits; false when git cannot tell. */
bool hook_changed(struct arena *a, int repository, struct str from, struct str to,
		  struct str **paths, size_t *n);

/* git config act-c.hook.NAME; the last value counts. */
struct hook_setting {
	struct str name, value; /* name in lower case */
};

struct hook_settings {
	size_t n;
	size_t cap;
	struct hook_setting *v;
};

/* `repository` is an open directory in it. */
bool hook_settings_read(struct arena *a, int repository, struct hook_settings *out,
			struct err *err);
/* Empty when it is not set. */
struct str hook_setting(const struct hook_settings *s, struct str name);

/* --- the scripts ----------------------------------------------------------------------------- */

enum hook_kind { HOOK_PRE_PUSH, HOOK_PRE_COMMIT, HOOK_PRE_MERGE, HOOK_KINDS };
extern const struct str hook_names[HOOK_KINDS];

enum hook_state {
	HOOK_NONE,
	HOOK_OURS,
	HOOK_CHAINED, /* ours, with another one that runs before it */
	HOOK_FOREIGN,
};

/* Where git looks for hooks: core.hooksPath, else below the common directory; absolute. */
bool hook_directory(struct arena *a, struct str *dir, struct err *err);
enum hook_state hook_state(struct arena *a, struct str dir, enum hook_kind kind);
/* A hook that is there is kept as NAME.before-act-c and runs first. *chained says so. */
bool hook_install(struct arena *a, struct str dir, enum hook_kind kind, struct str program,
		  bool *chained, struct err *err);
/* Takes ours away and puts the one before it back; *was is what there was. */
bool hook_uninstall(struct arena *a, struct str dir, enum hook_kind kind, enum hook_state *was,
		    struct err *err);

#endif
