/* action_private.h - what the parts of the action store share. */
#ifndef STORE_ACTION_PRIVATE_H
#define STORE_ACTION_PRIVATE_H

#include <sys/types.h>
#include <time.h>

#include "actc/action_store.h"

struct action_store {
	struct action_store_spec spec;
	struct str dir;
	struct str token;
	size_t nservers;
	struct str servers[2]; /* in the order in which they are asked */
	long long opened_ms;   /* of the clock that files are dated with */
};

/* --- action_cache.c: where things are ----------------------------------------------------------
 */

/* What a tag or branch was found to be. */
struct action_record {
	struct str commit, server, full;
	long age_s;
	bool fresh; /* need not be asked again */
};

bool action_is_commit(struct str s);
/* The token, for the server that it is for: the one that is asked first. */
struct str action_token(const struct action_store *s, struct str server);
struct str action_name(struct arena *a, const struct action_ref *ref); /* "owner/repo@ref" */
/* The directory of a commit's tree, and whether it is there. */
struct str action_tree_path(struct arena *a, const struct action_store *s, struct str server,
			    const struct action_ref *ref, struct str commit);
bool action_tree_there(struct str tree);
bool action_record_read(struct arena *a, const struct action_store *s, const struct action_ref *ref,
			struct action_record *out);
bool action_record_write(const struct action_store *s, const struct action_ref *ref,
			 const struct action_record *r, struct err *err);
/* Removes what fetches of the repository left that were killed; with its lock held. */
void action_sweep(const struct action_store *s, struct str server, const struct action_ref *ref);
/* A lock that one process holds while it fetches something of a repository; a descriptor or -1. */
int action_lock(const struct action_store *s, const struct action_ref *ref, struct err *err);

/* --- action_git.c: the git program --------------------------------------------------------------
 */

/* Commit and full name of ref.ref. ERR_NOT_FOUND: the repository has no such ref, or there is none
 * such. */
bool action_git_resolve(struct arena *a, const struct action_store *s, struct str server,
			const struct action_ref *ref, struct action_record *out, struct err *err);
struct str action_git_ref_of(struct arena *a, const struct action_store *s, struct str server,
			     const struct action_ref *ref, struct str commit);
/* The commit's tree in dest, which is made. */
bool action_git_fetch(struct arena *a, const struct action_store *s, struct str server,
		      const struct action_ref *ref, struct str commit, struct str dest,
		      struct err *err);
/* Where the user's git configuration sends the URL. */
struct str action_git_url(struct arena *a, struct str server, const struct action_ref *ref,
			  bool *rewritten);

/* --- action_unpack.c: archives ------------------------------------------------------------------
 */

/* What of an archive is wanted, and what is asked meanwhile; any may be left out. */
struct unpack_some {
	bool (*wanted)(struct str name);
	bool (*cancelled)(void *ctx);
	void *ctx;
};

/* Unpacks a tar stream, compressed or not, or a zip archive into dest, which is made; the first
 * `strip` components of each name are left out. What would be outside of dest, links that leave it
 * and device files are refused. */
bool action_unpack(int fd, struct str dest, unsigned strip, struct err *err);
bool action_unpack_some(int fd, struct str dest, unsigned strip, const struct unpack_some *some,
			struct err *err);

#endif
