/*
 * action_list.c - what the action store keeps, and its removal. The layout is action_cache.c's.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actc/file.h"
#include "action_private.h"

enum { LEVELS = 4, RECORD_MAX = 4096 }; /* host, owner, repository, commit or ref */

struct listing {
	struct arena *a;
	const struct action_store *s;
	struct str parts[LEVELS];
	VEC(struct action_kept) kept;
	VEC(struct str) refs; /* "host/owner/repo COMMIT ref" */
};

static int no_dots(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

/* Calls leaf() for each entry that is LEVELS deep below `dir`, in the order of names. */
static void walk(struct listing *l, struct str dir, int level,
		 void (*leaf)(struct listing *l, struct str path))
{
	struct dirent **names = NULL;
	int n = scandir(dir.p, &names, no_dots, alphasort);

	for (int i = 0; i < n; i++) {
		struct str name = arena_str(l->a, str_of(names[i]->d_name));
		struct str path = arena_printf(l->a, "%.*s/%.*s", STR_ARG(dir), STR_ARG(name));

		l->parts[level] = name;
		if (level + 1 < LEVELS) {
			walk(l, path, level + 1, leaf);
		} else {
			leaf(l, path);
		}
		free(names[i]);
	}
	free((void *)names);
}

static struct str below(struct arena *a, const struct action_store *s, const char *kind)
{
	return arena_printf(a, "%.*s/%s", STR_ARG(s->dir), kind);
}

static void take_tree(struct listing *l, struct str path)
{
	struct stat st;

	/* A tree that is being fetched has another name. */
	if (!action_is_commit(l->parts[3]) || stat(path.p, &st) < 0) {
		return;
	}
	vec_push(l->a, &l->kept,
		 (struct action_kept){ .host = l->parts[0],
				       .owner = l->parts[1],
				       .repo = l->parts[2],
				       .commit = l->parts[3],
				       .dir = path,
				       .refs = STR_EMPTY,
				       .age_s = (long)(time(NULL) - st.st_mtime) });
}

/* The file name as action_cache.c escapes it, back. */
static struct str unescaped(struct arena *a, struct str name)
{
	struct strbuf out = STRBUF_INIT(0);

	for (size_t i = 0; i < name.len; i++) {
		unsigned code;

		if (name.p[i] == '%' && sscanf(name.p + i + 1, "%2X", &code) == 1) {
			(void)strbuf_addc(&out, (char)code);
			i += 2;
		} else {
			(void)strbuf_addc(&out, name.p[i]);
		}
	}

	struct str text = arena_str(a, strbuf_str(&out));

	strbuf_release(&out);
	return text;
}

static struct str commit_of(struct arena *a, struct str path)
{
	struct strbuf text = STRBUF_INIT(RECORD_MAX);
	struct err ignored = ERR_INIT;
	struct str commit = STR_EMPTY;

	if (read_file(path.p, &text, &ignored)) {
		struct str rest = arena_str(a, strbuf_str(&text));

		commit = str_cut(&rest, ' ');
	}
	err_release(&ignored);
	strbuf_release(&text);
	return commit;
}

/* Its host is that of the server that was asked first, which may not be the one that answered. */
static void take_ref(struct listing *l, struct str path)
{
	struct str commit = commit_of(l->a, path);

	for (size_t i = 0; i < l->kept.n; i++) {
		struct action_kept *k = &l->kept.v[i];

		if (str_eq(k->owner, l->parts[1]) && str_eq(k->repo, l->parts[2]) &&
		    str_eq(k->commit, commit)) {
			k->refs = arena_printf(l->a, "%.*s%s%.*s", STR_ARG(k->refs),
					       k->refs.len ? ", " : "",
					       STR_ARG(unescaped(l->a, l->parts[3])));
		}
	}
}

bool action_store_list(struct arena *a, const struct action_store *s, struct action_kept **v,
		       size_t *n, struct err *err)
{
	struct listing l = { .a = a, .s = s };

	if (s->dir.len == 0) {
		return err_set(err, ERR_SYSTEM,
			       "no place for actions: neither HOME nor "
			       "XDG_CACHE_HOME is set to an absolute path");
	}
	walk(&l, below(a, s, "trees"), 0, take_tree);
	walk(&l, below(a, s, "refs"), 0, take_ref);
	*v = l.kept.v;
	*n = l.kept.n;
	return true;
}

/* What names a commit in refs/ HOST/OWNER/REPO of any host. */
struct removal {
	struct listing l;
	const struct action_kept *kept;
};

static void remove_ref(struct listing *l, struct str path)
{
	const struct action_kept *k = ((struct removal *)(void *)l)->kept;

	if (str_eq(k->owner, l->parts[1]) && str_eq(k->repo, l->parts[2]) &&
	    str_eq(k->commit, commit_of(l->a, path))) {
		(void)unlink(path.p);
	}
}

bool action_store_remove(const struct action_store *s, const struct action_kept *kept,
			 struct err *err)
{
	struct arena a = ARENA_INIT;
	struct removal r = { { .a = &a, .s = s }, kept };
	struct str gone = arena_printf(&a, "%.*s.%ld", STR_ARG(kept->dir), (long)getpid());

	walk(&r.l, below(&a, s, "refs"), 0, remove_ref);

	/* Under another name first: nobody shall find half a tree. */
	bool ok = (rename(kept->dir.p, gone.p) == 0 || errno == ENOENT ||
		   err_sys(err, errno, "%s", kept->dir.p)) &&
		  remove_tree(gone.p, err);

	arena_release(&a);
	return ok;
}
