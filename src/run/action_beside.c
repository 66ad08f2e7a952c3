/*
 * action_beside.c - whether a JavaScript action may write into its own directory: it makes a script
 * there executable, or downloads a program to it. Told from its bundle, in which the names of files
 * beside it that are only read stand as literals (`join(__dirname, "..", "matchers.json")`). What
 * is thought to write gets a copy of its tree, which costs time; what is not, and does so all the
 * same, finds a read-only directory.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "action.h"

/* How a bundle says where it lies. */
static const struct str places[] = {
	STR_INIT("__dirname"),
	STR_INIT("import.meta.dirname"),
	STR_INIT("fileURLToPath(import.meta.url)"),
	STR_INIT("fileURLToPath)(import.meta.url)"),
};

enum { ARGUMENTS_MAX = 400 };

static struct str skip(struct str s, const char *chars)
{
	while (s.len && strchr(chars, s.p[0])) {
		s = str_slice(s, 1, s.len);
	}
	return s;
}

/* Cuts a literal off; false: there is none. */
static bool cut_literal(struct str *s, struct str *literal)
{
	char quote = s->len ? s->p[0] : 0;
	size_t end = quote == '"' || quote == '\'' ? str_chr(*s, quote, 1) : STR_NPOS;

	if (end == STR_NPOS) {
		return false;
	}
	*literal = str_slice(*s, 1, end);
	*s = str_slice(*s, end + 1, s->len);
	return true;
}

/* After the place, in a call: nothing but literals, of which the last one names a file. */
static bool is_file_to_read(struct str rest)
{
	struct str literal = STR_EMPTY;

	while (rest.len && rest.p[0] == ',') {
		rest = skip(str_slice(rest, 1, rest.len), " \t\r\n");
		if (!cut_literal(&rest, &literal)) {
			return false;
		}
		rest = skip(rest, " \t\r\n");
	}
	return rest.len && rest.p[0] == ')' && str_chr(literal, '.', 0) != STR_NPOS;
}

/* `rest` follows the place: an argument of join(), a part of a sum or of a template. */
static bool may_be_written(struct str rest, bool in_template)
{
	struct str literal = STR_EMPTY;

	rest = skip(str_slice(rest, 0, ARGUMENTS_MAX), " \t\r\n)");
	if (rest.len && rest.p[0] == ',') {
		return !is_file_to_read(rest);
	}
	if (rest.len && rest.p[0] == '+') {
		/* The bundlers' own `__dirname + "/";` is in all of them. */
		rest = skip(str_slice(rest, 1, rest.len), " \t");
		return !cut_literal(&rest, &literal) || !str_eq(literal, STR("/")) ||
		       (rest.len && strchr("+ ", rest.p[0]));
	}
	return in_template && rest.len && rest.p[0] == '}';
}

static bool names_what_it_writes(struct str js, struct str place)
{
	const char *at = js.p, *end = js.p + js.len;

	while ((at = memmem(at, (size_t)(end - at), place.p, place.len))) {
		bool in_template = at - js.p >= 2 && at[-1] == '{' && at[-2] == '$';

		at += place.len;
		if (may_be_written(str_mk(at, (size_t)(end - at)), in_template)) {
			return true;
		}
	}
	return false;
}

bool action_writes_beside(const char *bundle)
{
	int fd = open(bundle, O_RDONLY | O_CLOEXEC);
	struct stat st;
	bool writes = false;

	if (fd < 0) {
		return false;
	}
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
		size_t size = (size_t)st.st_size;
		void *p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);

		for (size_t i = 0; p != MAP_FAILED && i < sizeof(places) / sizeof(places[0]); i++) {
			writes = writes || names_what_it_writes(str_mk(p, size), places[i]);
		}
		if (p != MAP_FAILED) {
			(void)munmap(p, size);
		}
	}
	(void)close(fd);
	return writes;
}
