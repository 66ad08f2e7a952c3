/*
 * options_files.c - the actrc files, in act's form: one option a line, lines that do not start with
 * a dash are comments, the value is everything behind the first blank.
 *
 * The user's files may say anything. The repository's own ./.actrc may not lead out of the
 * isolation (DESIGN decision 12): what would is ignored, with one line on stderr. It also sees
 * nothing of the user's environment: no $NAME is replaced there, and no value is taken from it.
 */
#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actc/strbuf.h"

enum { ACTRC_MAX = 1 << 20 };

struct rc {
	struct options *o;
	const char *path;
	enum option_origin origin;
	size_t line;
};

static void ignored(const struct rc *rc, struct str shown, const char *why)
{
	(void)fprintf(stderr, "act-c: %s:%zu: %.*s is ignored: %s\n", rc->path, rc->line,
		      STR_ARG(shown), why);
}

/* $NAME and ${NAME} of the user's environment; what is not set becomes nothing. */
static struct str expand(struct arena *a, struct str s)
{
	struct strbuf out = STRBUF_INIT(0);

	for (size_t i = 0; i < s.len; i++) {
		size_t lo = i + 1, braced = lo < s.len && s.p[i] == '$' && s.p[lo] == '{';
		size_t hi = lo += braced;

		while (s.p[i] == '$' && hi < s.len &&
		       (s.p[hi] == '_' || (s.p[hi] >= '0' && s.p[hi] <= '9') ||
			(s.p[hi] >= 'A' && s.p[hi] <= 'Z') || (s.p[hi] >= 'a' && s.p[hi] <= 'z'))) {
			hi++;
		}
		if (s.p[i] != '$' || hi == lo || (braced && (hi >= s.len || s.p[hi] != '}'))) {
			strbuf_addc(&out, s.p[i]);
			continue;
		}
		strbuf_adds(&out, str_of(getenv(arena_cstr(a, str_slice(s, lo, hi)))));
		i = hi - !braced;
	}

	struct str result = arena_str(a, strbuf_str(&out));

	strbuf_release(&out);
	return result;
}

/* The nearest directory upwards that holds .git, else the current one. */
static char *repository_root(char *buf)
{
	if (!realpath(".", buf)) {
		return NULL;
	}
	for (size_t len = strlen(buf); len > 1;) {
		char git[PATH_MAX + 8];
		struct stat st;

		(void)snprintf(git, sizeof(git), "%.*s/.git", (int)len, buf);
		if (lstat(git, &st) == 0) {
			buf[len] = '\0';
			return buf;
		}
		while (len > 1 && buf[--len] != '/') {
		}
	}
	return realpath(".", buf);
}

bool options_inside_repository(struct arena *a, struct str value)
{
	char root[PATH_MAX], real[PATH_MAX];
	char *path = arena_cstr(a, value);

	if (!repository_root(root)) {
		return false;
	}
	if (!realpath(path, real)) {
		char *slash = strrchr(path, '/');
		const char *name = slash ? slash + 1 : path;

		if (strcmp(name, "..") == 0) {
			return false;
		}
		if (slash) {
			*slash = '\0';
		}
		if (!realpath(slash ? (*path ? path : "/") : ".", real)) {
			return false;
		}
	}

	size_t len = strlen(root);

	return strncmp(real, root, len) == 0 && (real[len] == '/' || real[len] == '\0');
}

static bool own_network(struct str v)
{
	return str_eq(v, STR("none")) || str_eq(v, STR("bridge")) || str_eq(v, STR("default"));
}

/* LABEL=-self-hosted, however it is blanked out; no image begins with a dash. */
static bool this_machine(struct str v)
{
	size_t eq = str_chr(v, '=', 0);

	return eq != STR_NPOS && str_starts(str_trim(str_slice(v, eq + 1, v.len)), STR("-"));
}

/* NULL, or why the repository may not say this. */
static const char *refused(struct arena *a, const struct option_row *row, struct str value)
{
	static const char leaves[] = "a repository may not leave the isolation; say it on the "
				     "command line or in your own actrc";

	switch (row->trust) {
	case TRUST_ANY:
	case TRUST_ARGUMENT:
		return NULL;
	case TRUST_NEVER:
		return leaves;
	case TRUST_TRUE:
		return value.p && str_eq(value, STR("false")) ? NULL : leaves;
	case TRUST_INSIDE:
		return options_inside_repository(a, value) ? NULL
							   : "the file is outside the repository";
	case TRUST_VALUE:
		return str_chr(value, '=', 0) != STR_NPOS
			       ? NULL
			       : "a repository may not read your environment";
	case TRUST_ENGINE:
		return str_eq(value, STR("host")) || str_eq(value, STR("fake")) ? leaves : NULL;
	case TRUST_NETWORK:
		return own_network(value) ? NULL : leaves;
	case TRUST_SOCKET:
		return str_eq(value, STR("never")) ? NULL : leaves;
	case TRUST_IMAGE:
		return this_machine(value) ? leaves : NULL;
	}
	return leaves;
}

static bool known_to_act(struct str shown)
{
	for (size_t i = 0; i < foreign_noptions; i++) {
		struct str name = str_of(foreign_options[i].name);

		if (shown.len == 2 ? shown.p[1] == foreign_options[i].letter
				   : str_eq(str_slice(shown, 2, shown.len), name)) {
			return !foreign_options[i].advice;
		}
	}
	return false;
}

static bool apply_line(struct rc *rc, struct str shown, struct str value, struct err *err)
{
	struct options *o = rc->o;
	const struct option_row *row = shown.len == 2 ? option_by_letter(shown.p[1])
				       : str_starts(shown, STR("--"))
					       ? option_by_name(str_slice(shown, 2, shown.len))
					       : NULL;

	if (!row || row->trust == TRUST_ARGUMENT) {
		if (!known_to_act(shown)) {
			ignored(rc, shown, "act-c has no such option for this file");
		}
		return true;
	}
	if (!(row->commands & o->command->bit)) {
		return true;
	}
	if (value.p) {
		value = rc->origin == FROM_USER ? expand(&o->arena, value)
						: arena_str(&o->arena, value);
	}
	if (option_wants_value(row) && !value.p) {
		return err_set(err, ERR_USAGE, "%s:%zu: %.*s wants a value: %s", rc->path, rc->line,
			       STR_ARG(shown), row->arg);
	}

	const char *why = rc->origin == FROM_REPOSITORY ? refused(&o->arena, row, value) : NULL;

	if (why) {
		ignored(rc, shown, why);
		return true;
	}
	if (!option_apply(o, row, shown, value, err)) {
		return err_wrap(err, "%s:%zu", rc->path, rc->line);
	}
	return true;
}

/* "-P a=b", "-Pa=b", "--pull=false", "--env A=b c": option and value. A short option's value may be
 * attached, a long one's stands behind `=` or a blank, whichever is first. */
static bool read_line(struct rc *rc, struct str line, struct err *err)
{
	struct str shown = line, value = { NULL, 0 };
	bool is_long = str_starts(line, STR("--"));
	size_t end = 0;

	while (end < line.len && line.p[end] != ' ' && line.p[end] != '\t' &&
	       !(is_long && line.p[end] == '=') && (is_long || end < 2)) {
		end++;
	}
	if (end < line.len) {
		bool blank = line.p[end] == ' ' || line.p[end] == '\t' || line.p[end] == '=';

		shown = str_slice(line, 0, end);
		value = str_slice(line, end + blank, line.len);
		if (blank && line.p[end] != '=') {
			value = str_trim(value);
		}
	}
	return shown.len < 2 || apply_line(rc, shown, value, err);
}

static bool read_all(const char *path, struct strbuf *text, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char buf[4096];
	ssize_t n = 0;

	if (fd < 0) {
		return errno == ENOENT || errno == ENOTDIR ? true : err_sys(err, errno, "%s", path);
	}
	while ((n = read(fd, buf, sizeof(buf))) > 0 && strbuf_add(text, buf, (size_t)n)) {
	}

	int failed = n < 0 ? errno : 0;

	(void)close(fd);
	if (failed) {
		return err_sys(err, failed, "%s", path);
	}
	return text->overflow ? err_set(err, ERR_USAGE, "%s is too large", path) : true;
}

static bool read_rc(struct options *o, const char *path, enum option_origin origin, struct err *err)
{
	struct rc rc = { .o = o, .path = path, .origin = origin };
	struct strbuf text = STRBUF_INIT(ACTRC_MAX);
	bool ok = read_all(path, &text, err);
	struct str rest = ok ? arena_str(&o->arena, strbuf_str(&text)) : STR_EMPTY;

	strbuf_release(&text);
	while (ok && rest.p) {
		struct str line = str_trim(str_cut(&rest, '\n'));

		rc.line++;
		if (line.len > 1 && line.p[0] == '-') {
			ok = read_line(&rc, line, err);
		}
	}
	return ok;
}

static bool same_file(const char *a, const char *b)
{
	struct stat sa, sb;

	return a && stat(a, &sa) == 0 && stat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
	       sa.st_ino == sb.st_ino;
}

bool options_read_files(struct options *o, struct err *err)
{
	const char *home = getenv("HOME"), *old = NULL;
	const char *user = config_path(&o->arena, "actrc");

	if (home && home[0] == '/') {
		old = arena_printf(&o->arena, "%s/.actrc", home).p;
	}
	if ((user && !read_rc(o, user, FROM_USER, err)) ||
	    (old && !read_rc(o, old, FROM_USER, err))) {
		return false;
	}
	return same_file(old, ".actrc") || read_rc(o, ".actrc", FROM_REPOSITORY, err);
}
