/*
 * content.c - a place where the workflow files of a commit, or of what is staged, are read from as
 * if they were those of the working tree.
 *
 * The files are read whole while act-c is in there, so it goes as soon as it was left.
 */
#include "content.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "actc/file.h"

static bool check_paths(const struct options *o, struct err *err)
{
	for (size_t i = 0; i < o->workflows.n; i++) {
		struct str path = o->workflows.v[i];

		if (str_starts(path, STR("/")) || str_find(path, STR(".."), 0) != STR_NPOS) {
			return err_set(err, ERR_USAGE,
				       "-W %.*s: with --staged and --commit, a path below the "
				       "current directory is wanted",
				       STR_ARG(path));
		}
	}
	return true;
}

static bool make_place(struct arena *a, struct str *path, struct err *err)
{
	const char *tmp = getenv("TMPDIR");
	char *made = arena_cstr(
		a, arena_printf(a, "%s/act-c-XXXXXX", tmp && tmp[0] == '/' ? tmp : "/tmp"));

	if (!mkdtemp(made)) {
		return err_sys(err, errno, "%s", made);
	}
	*path = str_of(made);
	return true;
}

static bool enter(struct content_place *place, struct err *err)
{
	place->back = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (place->back < 0 || chdir(place->path.p) != 0) {
		return err_sys(err, errno, "%s", place->path.p);
	}
	return true;
}

bool content_enter(struct options *o, const struct content *content, struct content_place *place,
		   size_t *n, struct err *err)
{
	struct str *paths = arena_array(&o->arena, struct str, o->workflows.n + 1);

	*place = (struct content_place){ .back = -1, .path = STR_EMPTY };
	paths[0] = STR(".github/workflows");
	for (size_t i = 0; i < o->workflows.n; i++) {
		paths[i + 1] = o->workflows.v[i];
	}

	bool ok =
		check_paths(o, err) && make_place(&o->arena, &place->path, err) &&
		content_write(&o->arena, content, paths, o->workflows.n + 1, place->path, n, err) &&
		(*n == 0 || enter(place, err));

	if (!ok || *n == 0) {
		content_leave(place);
	}
	return ok;
}

void content_leave(struct content_place *place)
{
	struct err ignored = ERR_INIT;

	if (place->back >= 0) {
		BUG_ON(fchdir(place->back) != 0);
		(void)close(place->back);
	}
	if (place->path.len) {
		(void)remove_tree(place->path.p, &ignored);
		err_release(&ignored);
	}
	*place = (struct content_place){ .back = -1, .path = STR_EMPTY };
}
