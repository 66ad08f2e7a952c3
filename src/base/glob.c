/*
 * glob.c - patterns of @actions/glob against names.
 *
 * The rules are those of that package and of the minimatch options it sets (dot files count, no
 * braces, no extended globs, no negation inside), which differ from a shell's in the corners: `**`
 * spans directories only as a whole segment, and `a/` + `**` matches `a` itself.
 */
#include "actc/glob.h"

/* Bytes of the UTF-8 character at p; 1 for what is none. */
static size_t char_len(const char *p, const char *end)
{
	unsigned char c = (unsigned char)*p;
	size_t want = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	for (size_t i = 1; i < want; i++) {
		if (p + i >= end || ((unsigned char)p[i] & 0xc0) != 0x80) {
			return 1;
		}
	}
	return want;
}

static unsigned long char_at(const char *p, size_t len)
{
	unsigned long c = 0;

	for (size_t i = 0; i < len; i++) {
		c = c << 8 | (unsigned char)p[i];
	}
	return c;
}

/* One member of a class, an escape taken away. */
static const char *class_char(const char *p, const char *end, unsigned long *c)
{
	size_t len;

	if (*p == '\\' && p + 1 < end) {
		p++;
	}
	len = char_len(p, end);
	*c = char_at(p, len);
	return p + len;
}

/* The class that begins behind `[`: where it ends, and whether c is in it; NULL when it is none
 * (never closed, or a range that runs backwards) and the bracket stands for itself. */
static const char *class_match(const char *p, const char *end, unsigned long c, bool *hit)
{
	const char *first = p;
	bool negate = p < end && (*p == '!' || *p == '^');

	*hit = false;
	p += negate;
	while (p < end && (*p != ']' || p == first)) {
		unsigned long lo, hi;

		p = class_char(p, end, &lo);
		hi = lo;
		if (p + 1 < end && p[0] == '-' && p[1] != ']') {
			p = class_char(p + 1, end, &hi);
			if (hi < lo) {
				return NULL;
			}
		}
		*hit = *hit || (c >= lo && c <= hi);
	}
	*hit = *hit != negate;
	return p < end ? p + 1 : NULL;
}

/* Matches the one character at s with what begins at p (no star). Returns the pattern's rest, or
 * NULL. */
static const char *match_one(const char *p, const char *p_end, const char *s, size_t s_len)
{
	unsigned long c = char_at(s, s_len);
	size_t len;

	if (*p == '?') {
		return p + 1;
	}
	if (*p == '[') {
		bool hit;
		const char *next = class_match(p + 1, p_end, c, &hit);

		if (next) {
			return hit ? next : NULL;
		}
	}
	if (*p == '\\' && p + 1 < p_end) {
		p++;
	}
	len = char_len(p, p_end);
	return char_at(p, len) == c ? p + len : NULL;
}

bool glob_segment(struct str pattern, struct str name)
{
	const char *p = pattern.p, *p_end = p + pattern.len;
	const char *s = name.p, *s_end = s + name.len;
	const char *star = NULL, *retry = NULL;

	if (s == s_end) {
		return p == p_end;
	}
	while (s < s_end) {
		size_t len = char_len(s, s_end);
		const char *next = NULL;

		if (p < p_end && *p == '*') {
			star = ++p;
			retry = s;
			continue;
		}
		if (p < p_end) {
			next = match_one(p, p_end, s, len);
		}
		if (next) {
			p = next;
			s += len;
		} else if (star) {
			/* The last star takes one more; earlier ones need not be tried again. */
			retry += char_len(retry, s_end);
			p = star;
			s = retry;
		} else {
			return false;
		}
	}
	while (p < p_end && *p == '*') {
		p++;
	}
	return p == p_end;
}

/* What a segment names when nothing in it is a wildcard; .p is NULL when something is. `[x]`
 * counts as x. */
static struct str literal(struct arena *a, struct str segment)
{
	char *out = arena_alloc(a, segment.len + 1);
	const char *p = segment.p, *end = p + segment.len;
	size_t n = 0;

	while (p < end) {
		if (*p == '*' || *p == '?') {
			return (struct str){ NULL, 0 };
		}
		if (*p == '[' && p + 1 < end) {
			size_t members = 0;
			const char *q = p + 1;
			char member = '\0';

			while (q < end && *q != ']') {
				q += *q == '\\' && q + 1 < end;
				member = *q++;
				members++;
			}
			if (q < end && members > 1) {
				return (struct str){ NULL, 0 };
			}
			if (q < end && members == 1) {
				out[n++] = member;
				p = q + 1;
				continue;
			}
		}
		p += *p == '\\' && p + 1 < end;
		out[n++] = *p++;
	}
	return str_mk(out, n);
}

static bool closes_later(const char *p, const char *end)
{
	const char *q = p + 1;

	while (q < end && *q != '/' && *q != ']') {
		q++;
	}
	return q < end && *q == ']' && q > p + 1;
}

/* A path as a pattern that matches just it. */
static struct str escape(struct arena *a, struct str path)
{
	char *out = arena_alloc(a, 3 * path.len + 1);
	const char *end = path.p + path.len;
	size_t n = 0;

	for (const char *p = path.p; p < end; p++) {
		bool in_class = *p == '?' || *p == '*' || (*p == '[' && closes_later(p, end));

		if (*p == '\\') {
			out[n++] = '\\';
		} else if (in_class) {
			out[n++] = '[';
		}
		out[n++] = *p;
		if (in_class) {
			out[n++] = ']';
		}
	}
	return str_mk(out, n);
}

/* Between slashes; empty segments are left out. */
static struct str *split(struct arena *a, struct str path, size_t *n)
{
	VEC(struct str) v = { 0 };

	while (path.p) {
		struct str segment = str_cut(&path, '/');

		if (segment.len > 0) {
			vec_push(a, &v, segment);
		}
	}
	*n = v.n;
	return v.v;
}

/* `.` only as the first segment of a relative pattern, `..` nowhere. */
static bool check_dots(struct arena *a, struct str pattern, struct str *why)
{
	size_t n;
	struct str *v = split(a, pattern, &n);
	bool rooted = pattern.len > 0 && pattern.p[0] == '/';

	for (size_t i = 0; i < n; i++) {
		struct str word = literal(a, v[i]);

		if (!word.p) {
			continue;
		}
		if (str_eq(word, STR("..")) || (str_eq(word, STR(".")) && (i > 0 || rooted))) {
			*why = arena_printf(a,
					    "Invalid pattern '%.*s'. Relative pathing '.' and '..' "
					    "is not allowed.",
					    STR_ARG(pattern));
			return false;
		}
	}
	return true;
}

/* The pattern from the root on. */
static struct str make_absolute(struct arena *a, struct str p, struct str root, struct str home)
{
	struct str base = root;

	if (str_starts(p, STR("/"))) {
		return p;
	}
	if (p.p[0] == '~' && (p.len == 1 || p.p[1] == '/')) {
		base = home;
		p = str_slice(p, 1, p.len);
	} else if (p.p[0] == '.' && (p.len == 1 || p.p[1] == '/')) {
		p = str_slice(p, 1, p.len);
	}
	base = escape(a, base);
	return arena_printf(a, "%.*s/%.*s", STR_ARG(base), STR_ARG(p));
}

static struct str search_path(struct arena *a, const struct str *segments, size_t n)
{
	struct str path = STR_EMPTY;

	for (size_t i = 0; i < n; i++) {
		struct str word = literal(a, segments[i]);

		if (!word.p || word.len == 0) {
			break;
		}
		path = arena_printf(a, "%.*s/%.*s", STR_ARG(path), STR_ARG(word));
	}
	return path.len ? path : STR("/");
}

static bool parse_line(struct arena *a, struct str line, struct str root, struct str home,
		       struct glob *g, struct str *why)
{
	*g = (struct glob){ 0 };
	while (str_starts(line, STR("!"))) {
		g->negate = !g->negate;
		line = str_trim(str_slice(line, 1, line.len));
	}
	if (line.len == 0) {
		*why = STR("pattern cannot be empty");
		return false;
	}
	if (!check_dots(a, line, why)) {
		return false;
	}
	line = make_absolute(a, line, root, home);
	g->directories = str_ends(line, STR("/"));
	g->segments = split(a, line, &g->n);
	g->search = search_path(a, g->segments, g->n);
	return true;
}

static bool ends_in_globstar(const struct glob *g)
{
	return g->n > 0 && str_eq(g->segments[g->n - 1], STR("**"));
}

static struct glob descendants(struct arena *a, const struct glob *of)
{
	struct str *segments = arena_array(a, struct str, of->n + 1);
	struct glob g = {
		.negate = of->negate,
		.implied = true,
		.segments = segments,
		.n = of->n + 1,
		.search = of->search,
	};

	for (size_t i = 0; i < of->n; i++) {
		segments[i] = of->segments[i];
	}
	segments[of->n] = STR("**");
	return g;
}

bool globs_parse(struct arena *a, const struct str *lines, size_t n, struct str root,
		 struct str home, struct globs *out, struct str *why)
{
	VEC(struct glob) v = { 0 };

	for (size_t i = 0; i < n; i++) {
		struct str rest = lines[i];

		while (rest.p) {
			struct str line = str_trim(str_cut(&rest, '\n'));
			struct glob g;

			if (line.len == 0 || line.p[0] == '#') {
				continue;
			}
			if (!parse_line(a, line, root, home, &g, why)) {
				return false;
			}
			vec_push(a, &v, g);
			if (g.directories || !ends_in_globstar(&g)) {
				vec_push(a, &v, descendants(a, &g));
			}
		}
	}
	*out = (struct globs){ v.v, v.n };
	return true;
}

/* The next segment of a path; false at its end. */
static bool next_segment(struct str *path, struct str *segment)
{
	while (path->p) {
		*segment = str_cut(path, '/');
		if (segment->len > 0) {
			return true;
		}
	}
	return false;
}

/* Like minimatch: a globstar at the end wants at least one more segment, others take none too. */
static bool match_path(const struct glob *g, struct str path)
{
	struct str rest = path, segment, retry = { NULL, 0 };
	size_t i = 0, star = 0;
	bool has_star = false;

	while (next_segment(&rest, &segment)) {
		while (i < g->n && str_eq(g->segments[i], STR("**"))) {
			if (i + 1 == g->n) {
				return true;
			}
			star = ++i;
			has_star = true;
			retry = rest;
		}
		if (i < g->n && glob_segment(g->segments[i], segment)) {
			i++;
		} else if (has_star) {
			/* The globstar takes the segment at which the last try began. */
			rest = retry;
			i = star;
			if (!next_segment(&retry, &segment)) {
				return false;
			}
		} else {
			return false;
		}
	}
	return i == g->n;
}

static unsigned match_glob(const struct glob *g, struct str path)
{
	struct glob without = *g;
	bool hit = match_path(g, path);

	if (!hit && ends_in_globstar(g) && !g->implied) {
		/* A directory counts as the first of what its own globstar spans. */
		while (ends_in_globstar(&without)) {
			without.n--;
		}
		hit = match_path(&without, path);
	}
	if (!hit) {
		return 0;
	}
	return g->directories ? GLOB_DIRECTORY : GLOB_DIRECTORY | GLOB_FILE;
}

unsigned globs_match(const struct globs *g, struct str path)
{
	unsigned kind = 0;

	for (size_t i = 0; i < g->n; i++) {
		if (g->v[i].negate) {
			kind &= ~match_glob(&g->v[i], path);
		} else {
			kind |= match_glob(&g->v[i], path);
		}
	}
	return kind;
}

static bool partial_glob(const struct glob *g, struct str path)
{
	struct str segment;

	for (size_t i = 0; next_segment(&path, &segment); i++) {
		if (i == g->n) {
			return false;
		}
		if (str_eq(g->segments[i], STR("**"))) {
			return true;
		}
		if (!glob_segment(g->segments[i], segment)) {
			return false;
		}
	}
	return true;
}

bool globs_partial(const struct globs *g, struct str path)
{
	for (size_t i = 0; i < g->n; i++) {
		if (!g->v[i].negate && partial_glob(&g->v[i], path)) {
			return true;
		}
	}
	return false;
}

static bool is_below(struct str path, struct str dir)
{
	return str_eq(dir, STR("/"))
		       ? path.len > 1
		       : path.len > dir.len && path.p[dir.len] == '/' && str_starts(path, dir);
}

struct str *globs_search(struct arena *a, const struct globs *g, size_t *n)
{
	VEC(struct str) v = { 0 };

	for (size_t i = 0; i < g->n; i++) {
		bool covered = g->v[i].negate;

		for (size_t k = 0; k < g->n && !covered; k++) {
			bool same_before = k < i && str_eq(g->v[i].search, g->v[k].search);

			covered = !g->v[k].negate &&
				  (same_before || is_below(g->v[i].search, g->v[k].search));
		}
		if (!covered) {
			vec_push(a, &v, g->v[i].search);
		}
	}
	*n = v.n;
	return v.v;
}
