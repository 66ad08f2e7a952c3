/* git2.h - libgit2, loaded at first use: the functions that the store calls, and their errors. */
#ifndef STORE_GIT2_H
#define STORE_GIT2_H

#include <git2.h>
#include <git2/sys/odb_backend.h>
#include <git2/sys/repository.h>
#include <stdbool.h>

#include "actc/arena.h"
#include "actc/dynload.h"
#include "actc/err.h"
#include "actc/str.h"

#define GIT2_FUNCTIONS(X)                \
	X(git_commit_author)             \
	X(git_commit_free)               \
	X(git_commit_lookup)             \
	X(git_commit_message)            \
	X(git_commit_parent_id)          \
	X(git_commit_parentcount)        \
	X(git_commit_tree)               \
	X(git_commit_tree_id)            \
	X(git_config_free)               \
	X(git_config_get_string)         \
	X(git_config_iterator_free)      \
	X(git_config_iterator_new)       \
	X(git_config_next)               \
	X(git_config_snapshot)           \
	X(git_diff_free)                 \
	X(git_diff_get_delta)            \
	X(git_diff_num_deltas)           \
	X(git_diff_tree_to_tree)         \
	X(git_error_last)                \
	X(git_index_entrycount)          \
	X(git_index_free)                \
	X(git_index_get_byindex)         \
	X(git_index_open)                \
	X(git_index_remove)              \
	X(git_index_write_tree_to)       \
	X(git_libgit2_init)              \
	X(git_libgit2_opts)              \
	X(git_libgit2_shutdown)          \
	X(git_merge_base)                \
	X(git_object_free)               \
	X(git_object_id)                 \
	X(git_object_lookup)             \
	X(git_object_peel)               \
	X(git_odb_add_backend)           \
	X(git_odb_backend_data_alloc)    \
	X(git_odb_backend_loose)         \
	X(git_odb_exists)                \
	X(git_odb_free)                  \
	X(git_odb_new)                   \
	X(git_odb_object_data)           \
	X(git_odb_object_free)           \
	X(git_odb_object_size)           \
	X(git_odb_object_type)           \
	X(git_odb_read)                  \
	X(git_odb_read_header)           \
	X(git_odb_write)                 \
	X(git_oid_cmp)                   \
	X(git_oid_fmt)                   \
	X(git_oid_fromstrn)              \
	X(git_reference_free)            \
	X(git_reference_iterator_free)   \
	X(git_reference_iterator_new)    \
	X(git_reference_lookup)          \
	X(git_reference_name)            \
	X(git_reference_name_to_id)      \
	X(git_reference_next)            \
	X(git_reference_peel)            \
	X(git_reference_symbolic_target) \
	X(git_reference_target)          \
	X(git_repository_commondir)      \
	X(git_repository_config)         \
	X(git_repository_free)           \
	X(git_repository_is_bare)        \
	X(git_repository_is_shallow)     \
	X(git_repository_odb)            \
	X(git_repository_open_ext)       \
	X(git_repository_path)           \
	X(git_repository_workdir)        \
	X(git_repository_wrap_odb)       \
	X(git_revparse_single)           \
	X(git_revwalk_free)              \
	X(git_revwalk_hide)              \
	X(git_revwalk_new)               \
	X(git_revwalk_next)              \
	X(git_revwalk_push)              \
	X(git_tree_free)

struct git2 {
	GIT2_FUNCTIONS(DYNLOAD_MEMBER)
};

/* Loads and initialises it. There is no close, since a second call is nearly free; see
 * git_forget().
 */
bool git2_load(struct git2 *g, struct err *err);

/* ERR_SYSTEM with libgit2's own words behind the text; returns false. */
__attribute__((format(printf, 3, 4))) bool git2_error(const struct git2 *g, struct err *err,
						      const char *fmt, ...);

/* A repository whose owner was checked before (repo_read), by its git directory. NULL on failure.
 */
git_repository *git2_reopen(const struct git2 *g, struct str git_dir, struct err *err);

struct str git2_hex(const struct git2 *g, struct arena *a, const git_oid *id);
/* False when it is not 40 hex digits. */
bool git2_id(const struct git2 *g, struct str hex, git_oid *id);

#endif
