/*
 * action_store.h - repositories of actions and reusable workflows on this machine: "owner/repo@ref"
 * becomes a commit, and the commit a directory.
 *
 * A commit's tree is kept for good in $XDG_CACHE_HOME/act-c/actions, by host, repository and
 * commit; what a tag or branch stood for is asked again after max_age_s. Several processes may use
 * the store at once: a tree appears under its name when it is complete. Trees are shared by all
 * runs: they are only read, a job gets a copy. How the remote is reached is the business of the
 * user's git configuration (insteadOf, credential helpers, ssh, proxies).
 */
#ifndef ACTC_ACTION_STORE_H
#define ACTC_ACTION_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "actc/action_lock.h"
#include "actc/arena.h"
#include "actc/err.h"
#include "actc/str.h"

enum { ACTION_MAX_AGE_S = 24 * 60 * 60 };

/* "owner/repo[/path]@ref" apart; of "owner/repo/a/b@v1" the path is "a/b". */
struct action_ref {
	struct str owner, repo; /* as written; case does not count */
	struct str path;        /* inside the repository, without slashes at its ends; or empty */
	struct str ref;         /* branch, tag or full commit */
};

/* False with the runner's words for what is no such reference. */
bool action_ref_parse(struct arena *a, struct str uses, struct action_ref *out, struct str *why);

/* "owner/repo@ref" with owner and repository in lower case: what names a repository in lock files,
 * whatever the path. */
struct str action_key(struct arena *a, const struct action_ref *ref);

/* --local-repository OWNER/REPO[@REF]=DIR: the directory stands for the repository, as it is. */
struct local_repository {
	struct str name; /* "owner/repo" or "owner/repo@ref" */
	struct str dir;
};

struct action_store_spec {
	struct str dir;    /* empty: below $XDG_CACHE_HOME, or ~/.cache */
	struct str server; /* asked before github.com: "https://ghes.example"; empty: none */
	bool offline;      /* never the network: what is not there is an error that says so */
	bool locked;       /* only what a lock file pins, and full commits */
	bool refresh;      /* ask again what tags and branches are, once per open store */
	long max_age_s;    /* 0 = ACTION_MAX_AGE_S, < 0 = no age at all */
	size_t nlocal;
	const struct local_repository *local; /* later ones win */
};

struct action_store;

/* Makes nothing on disk yet. The store lives as long as the arena; forked processes may use it. */
struct action_store *action_store_open(struct arena *a, const struct action_store_spec *spec);
/* For github.com or the server that is asked first; it is on no command line and in no message. */
void action_store_token(struct action_store *s, struct str token);
bool action_store_has_token(const struct action_store *s);
/* Where it keeps things; empty where HOME and XDG_CACHE_HOME name no place. */
struct str action_store_dir(const struct action_store *s);

/* One repository that is wanted, and what came of it. */
struct action_fetch {
	struct action_ref ref;          /* of it the path is not looked at */
	struct str pin;                 /* a commit that goes before the ref; or empty */
	const struct action_lock *lock; /* of the repository that the workflow is of; or NULL */
	struct str workflow;            /* the file that it is wanted for; empty: no lock counts */

	struct str tree;   /* the directory that holds the repository; empty = failed */
	struct str commit; /* empty: a directory of --local-repository, which is used as it is */
	struct str server; /* where it came from: "https://github.com" */
	struct str full;   /* the ref in full: "refs/tags/v1"; a commit as it is */
	struct str error;  /* in GitHub's words where it has some */
	struct str note;   /* for people: an old answer was used, since the remote gave none */
	bool locked;       /* the lock file said which commit */
	struct str drift;  /* with a pin or lock: the commit that the ref stands for by now, when
			      another */
	bool fetched;      /* over the network, just now */
};

/* A directory of --local-repository stands for it. */
bool action_store_is_local(struct arena *a, const struct action_store *s,
			   const struct action_ref *ref);
/* Finds all of them, those that are not there yet several at a time. True when none failed. What is
 * in the cache costs a look at two files and starts no process. */
bool action_store_fetch(struct arena *a, struct action_store *s, struct action_fetch *v, size_t n);

/* A tag, else a branch, that stands for the commit now; of several tags the one that says most.
 * Empty: none does, or the remote cannot be asked. */
struct str action_store_ref_of(struct arena *a, const struct action_store *s,
			       const struct action_ref *ref, struct str commit);
/* GitHub's numbers of owner and repository, by its API. */
bool action_store_ids(struct arena *a, const struct action_store *s, const struct action_ref *ref,
		      struct str *owner_id, struct str *repo_id, struct err *err);

/* A tree that is kept. */
struct action_kept {
	struct str host, owner, repo, commit; /* in lower case */
	struct str dir;
	struct str refs; /* that stood for it when they were last asked for: "main, v1" */
	long age_s;      /* since it was fetched */
};

/* All that is kept, ordered by name. */
bool action_store_list(struct arena *a, const struct action_store *s, struct action_kept **v,
		       size_t *n, struct err *err);
/* Removes a tree and the refs that stand for it. */
bool action_store_remove(const struct action_store *s, const struct action_kept *kept,
			 struct err *err);

#endif
