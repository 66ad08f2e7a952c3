/*
 * repo.h - the user's repository: facts (libgit2), and the commit that stands for the working tree.
 *
 * The repository is only ever read. A dirty tree becomes a commit in a temporary bare repository
 * whose objects/info/alternates names the user's objects; that commit is github.sha and HEAD in the
 * job.
 */
#ifndef ACTC_REPO_H
#define ACTC_REPO_H

#include <stdbool.h>
#include <sys/types.h>

#include "actc/arena.h"
#include "actc/err.h"
#include "actc/str.h"

struct repo_facts {
	bool found;         /* false: not a git repository; the rest is then empty */
	struct str root;    /* of the working tree */
	struct str git_dir; /* of this worktree */
	struct str common_dir;
	struct str head;   /* 40 hex digits; empty = no commit yet */
	struct str ref;    /* "refs/heads/main"; a tag that points at a detached HEAD; or empty */
	struct str remote; /* its name: the one asked for, else origin, else the first; or empty */
	struct str remote_url;  /* without credentials */
	struct str server;      /* "https://github.com" */
	struct str owner, name; /* from the remote, else "local" and the directory's name */
	struct str default_branch;
	struct str upstream; /* commit of HEAD's upstream, or empty */
	struct str user_name, user_email;
};

/* Facts about the repository that contains dir; no repository is no error. `remote` may be empty. A
 * bare repository is ERR_USAGE, and one of another owner is refused in git's own words. */
bool repo_read(struct arena *a, struct str dir, struct str remote, struct repo_facts *out,
	       struct err *err);

struct snapshot_repo;

struct snapshot {
	struct str git_dir; /* the temporary bare repository; all of the user's refs are there */
	const struct snapshot_repo *planned; /* it is not made yet; NULL: it is */
	struct str sha;                      /* HEAD when the tree is clean, else the commit made */
	struct str parent;                   /* HEAD, or empty */
	struct str tree;
	struct str ref;
	bool dirty;
	struct str message, author_name, author_email, timestamp; /* of the commit; ISO 8601 */
};

/* Makes it below dir (which is made; a dir of its own per snapshot). work_tree is only looked at
 * when no repository was found. ERR_NOT_FOUND when there is no git program. Without a repository,
 * or without commits, the commit has no parent. */
bool snapshot_make(struct arena *a, const struct repo_facts *facts, struct str work_tree,
		   struct str dir, struct snapshot *out, struct err *err);

/* Before git_dir is looked into. Of a clean tree the repository is only made here, with the refs of
 * the moment of snapshot_make(). Safe to call from several processes at once. */
bool snapshot_ready(struct arena *a, const struct snapshot *s, struct err *err);

/* The files that a push, or a pull request, of the snapshot changes. */
struct changes {
	bool known;
	struct str why;  /* "since 1234567 (upstream)"; not known: why not */
	struct str base; /* the commit it is compared with; empty = none, so that all files count */
	size_t n;
	const struct str *v; /* in path order; of a rename both names */
};

struct changes_spec {
	bool pull;       /* from the merge base with the base branch on, else since the last push */
	struct str base; /* a revision that was asked for, or empty */
	struct str branch; /* pull: the base branch */
};

/* A push is compared with HEAD's upstream, else with where it left the default branch, else with
 * the parent. ERR_USAGE: there is no such base. */
bool changes_read(struct arena *a, const struct repo_facts *facts, const struct snapshot *snapshot,
		  const struct changes_spec *spec, struct changes *out, struct err *err);

/* The commit before a push of the snapshot, as changes_read() chooses it; empty = none. */
bool changes_base(struct arena *a, const struct repo_facts *facts, const struct snapshot *snapshot,
		  struct str *base, struct err *err);

enum snapshot_source {
	SNAPSHOT_WORK_TREE,
	SNAPSHOT_INDEX, /* what is staged: a commit on HEAD (and on what is being merged) */
	SNAPSHOT_HEAD,  /* facts->head as it is, whatever the working tree has */
};

/* git's look at the working tree around the current directory, begun while its repository is still
 * being read. Every one that was begun must be ended. */
struct status_ahead;
struct status_ahead *status_begin(struct str dir); /* a snapshot's */
void status_end(struct status_ahead *s);

struct snapshot_spec {
	enum snapshot_source source;
	struct str work_tree; /* SNAPSHOT_WORK_TREE, as above */
	struct str index;     /* SNAPSHOT_INDEX: its absolute path; empty = the repository's own */
	struct status_ahead *ahead; /* SNAPSHOT_WORK_TREE, or NULL */
};

/* The same of another source. Without a repository only the working tree is one (ERR_USAGE). */
bool snapshot_make_of(struct arena *a, const struct repo_facts *facts,
		      const struct snapshot_spec *spec, struct str dir, struct snapshot *out,
		      struct err *err);

enum checkout_submodules { SUBMODULES_NONE, SUBMODULES_DIRECT, SUBMODULES_RECURSIVE };

struct checkout_spec {
	struct str ref; /* branch, tag, refs/…, or full commit; empty = the snapshot */
	long depth;     /* fetch-depth: 1 by default, 0 = everything */
	bool tags;      /* fetch-tags */
	bool old_tags;  /* as the action had them before v6.0.2: fetch-tags follows the history that
			   is fetched, and an event's annotated tag comes as its commit */
	struct str remote_url; /* written as origin */
	size_t nsparse;        /* sparse-checkout; 0 = the whole tree */
	const struct str *sparse;
	bool patterns; /* they are patterns, not directories (cone mode off) */
	/* Both look below it first, the user's git directory; submodules that are not there are
	 * fetched from where they say. */
	struct str common_dir;
	enum checkout_submodules submodules;
	bool lfs;
};

/* Makes a working tree with a real .git in dest, as actions/checkout leaves it: HEAD on the branch
 * (or detached), origin set, `git status` clean, shallow when depth says so. Safe to call from
 * several processes at once for different dests; dest must have no .git yet. ERR_NOT_FOUND, in the
 * action's words, when the ref is not there (a short commit is no ref on GitHub either). The index
 * describes the files in dest: after they were moved elsewhere, `git update-index -q --refresh` has
 * to run there before plumbing like `git diff-index` sees a clean tree. */
bool snapshot_checkout(struct arena *a, const struct snapshot *snapshot,
		       const struct checkout_spec *spec, struct str dest, struct err *err);
/* 40 hex digits, which checkout_spec.ref takes for a commit. */
bool checkout_is_commit(struct str ref);
/* The commit that is checked out in such a tree. */
bool checkout_head(struct arena *a, struct str dest, struct str *commit, struct err *err);

/* Begins to load what the functions above need, beside the caller, whose first call of one waits
 * for it. Every one that was begun must be ended. */
struct git_ahead;
struct git_ahead *git_begin(void);
void git_end(struct git_ahead *ahead);

/* Gives back what the functions above have loaded, for a process that will fork often and hardly
 * need them: two thirds of its mappings. The next call of one loads it again, in 4 ms. */
void git_forget(void);

/* A directory as a tar stream (libarchive), for channel_put: names relative to it, no owners. */
struct tar_dir;
struct tar_dir *tar_dir_open(struct str path, struct err *err);
ssize_t tar_dir_read(void *tar_dir, void *buf, size_t size); /* the signature of tar_source.more */
/* Why a read returned -1; NULL while all is well. */
const char *tar_dir_error(const struct tar_dir *t);
void tar_dir_close(struct tar_dir *t);

#endif
