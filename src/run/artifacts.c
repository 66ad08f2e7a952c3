/*
 * artifacts.c - what a step declared in GITHUB_ARTIFACTS: files of the machine, hashed as they come
 * through the channel, and images by their digest (SEMANTICS 4.8).
 */
#include "artifacts.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "actc/sha256.h"
#include "actc/tar.h"
#include "actc/utf8.h"
#include "containers.h"
#include "step.h"

enum { MAX_SUBJECTS = 500, MAX_LINKS = 40 };

bool artifacts_enabled(void)
{
	struct str value = str_of(getenv("ACTIONS_RUNNER_ALLOW_ARTIFACTS_FILE"));

	return str_ieq(value, STR("1")) || str_ieq(value, STR("true")) ||
	       str_ieq(value, STR("$true"));
}

/* --- the list ----------------------------------------------------------------------------------
 */

static int by_name(const void *a, const void *b)
{
	const struct artifact *x = a, *y = b;

	return str_cmp(x->name, y->name);
}

struct str artifacts_list(struct job *job, struct arena *a)
{
	size_t n = job->artifacts.n;
	struct artifact *sorted = arena_array(a, struct artifact, n);
	struct strbuf b = STRBUF_INIT(0);
	struct str list;

	if (n) {
		memcpy(sorted, job->artifacts.v, n * sizeof(*sorted));
		qsort(sorted, n, sizeof(*sorted), by_name);
	}
	strbuf_adds(&b, STR("{\"version\":1,\"subjects\":["));
	for (size_t i = 0; i < n; i++) {
		strbuf_adds(&b, i ? STR(",{\"name\":") : STR("{\"name\":"));
		json_quote(&b, sorted[i].name);
		strbuf_adds(&b, STR(",\"digest\":"));
		json_quote(&b, sorted[i].digest);
		strbuf_addf(&b, ",\"kind\":\"%s\"}", sorted[i].oci ? "oci" : "file");
	}
	strbuf_adds(&b, STR("]}"));
	list = arena_str(a, strbuf_str(&b));
	strbuf_release(&b);
	return list;
}

/* --- a file's hash -----------------------------------------------------------------------------
 */

/* The one entry of a tar stream. */
struct content {
	struct sha256 hash;
	struct tar_header header;
	size_t have;   /* of the header */
	size_t skip;   /* what a header of no file brings with it */
	uint64_t left; /* of the file */
	bool is_file;
	struct str link; /* where a symbolic link leads */
	struct arena *a;
};

static void read_header(struct content *c)
{
	const struct tar_header *h = &c->header;
	uint64_t size = tar_number(h->size, sizeof(h->size));

	c->have = 0;
	if (h->name[0] == '\0') {
		return; /* the end: blocks of zeros */
	}
	if (h->type == TAR_FILE || h->type == '\0') {
		c->is_file = true;
		c->left = size;
	} else if (h->type == TAR_LINK) {
		if (!c->link.len) {
			c->link =
				arena_str(c->a, str_mk(h->link, strnlen(h->link, sizeof(h->link))));
		}
	} else {
		c->skip = (size_t)size + tar_padding(size);
	}
}

static bool take_bytes(void *ctx, struct str bytes)
{
	struct content *c = ctx;

	while (bytes.len && !(c->is_file && c->left == 0)) {
		size_t n = bytes.len;

		if (c->is_file) {
			n = c->left < n ? (size_t)c->left : n;
			sha256_add(&c->hash, bytes.p, n);
			c->left -= n;
		} else if (c->skip) {
			n = c->skip < n ? c->skip : n;
			c->skip -= n;
		} else {
			n = TAR_BLOCK - c->have < n ? TAR_BLOCK - c->have : n;
			memcpy((char *)&c->header + c->have, bytes.p, n);
			c->have += n;
			if (c->have == TAR_BLOCK) {
				read_header(c);
			}
		}
		bytes = str_slice(bytes, n, bytes.len);
	}
	return true;
}

static struct str above(struct str path)
{
	size_t end = path.len;

	while (end > 1 && path.p[end - 1] != '/') {
		end--;
	}
	return str_slice(path, 0, end);
}

/* What the path leads to, hashed; empty when it could not be read. */
static struct str hash_of(struct step *s, struct str path)
{
	struct arena *a = s->a;

	for (int i = 0; i < MAX_LINKS; i++) {
		struct content c = { .link = STR_EMPTY, .a = a };
		struct err err = ERR_INIT;
		uint8_t digest[32];
		char hex[65];

		sha256_init(&c.hash);
		if (!channel_get(s->job->channel, path, take_bytes, &c, &err)) {
			err_release(&err);
			return STR_EMPTY;
		}
		if (c.is_file && c.left == 0) {
			sha256_end(&c.hash, digest);
			sha256_hex(digest, hex);
			return arena_printf(a, "sha256:%s", hex);
		}
		if (c.link.len == 0) {
			break;
		}
		path = str_starts(c.link, STR("/"))
			       ? c.link
			       : arena_printf(a, "%.*s%.*s", STR_ARG(above(path)), STR_ARG(c.link));
	}
	return STR_EMPTY;
}

/* --- a line ------------------------------------------------------------------------------------
 */

static struct str last_name(struct str path)
{
	size_t from = path.len;

	while (from > 0 && path.p[from - 1] != '/') {
		from--;
	}
	return str_slice(path, from, path.len);
}

__attribute__((format(printf, 3, 4))) static bool fail(struct step *s, struct str *why,
						       const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	*why = arena_vprintf(s->a, fmt, ap);
	va_end(ap);
	return false;
}

static bool missing(struct step *s, struct str path, struct str *why)
{
	if (str_starts(path, STR("/"))) {
		return fail(s, why, "file '%.*s' does not exist", STR_ARG(path));
	}
	return fail(s, why,
		    "file '%.*s' does not exist (relative paths are resolved against the workspace "
		    "root '%.*s')",
		    STR_ARG(path), STR_ARG(s->job->shown->workspace));
}

/* The path in the machine. One in a container that no volume brings there is nobody's artifact. */
static bool find_file(struct step *s, struct str path, struct str *inside, struct str *why)
{
	struct job *job = s->job;

	if (!str_starts(path, STR("/"))) {
		*inside = arena_printf(s->a, "%.*s/%.*s", STR_ARG(job->paths->workspace),
				       STR_ARG(path));
		return true;
	}
	*inside = containers_path(job, s->a, path);
	if (containers_have_own(job) && str_eq(*inside, path) &&
	    str_eq(containers_shown(job, s->a, path), path)) {
		return fail(s, why,
			    "absolute path '%.*s' is not inside a volume mounted into the "
			    "container and cannot be resolved",
			    STR_ARG(path));
	}
	return true;
}

static bool file_subject(struct step *s, struct str path, struct artifact *out, struct str *why)
{
	struct file_stat st = { .exists = false };
	struct err err = ERR_INIT;
	struct str inside;

	if (!find_file(s, path, &inside, why)) {
		return false;
	}
	if (!channel_stat(s->job->channel, inside, &st, &err)) {
		*why = arena_str(s->a, str_of(err.msg));
		err_release(&err);
		return false;
	}
	if (!st.exists) {
		return missing(s, path, why);
	}
	if (S_ISDIR(st.mode)) {
		return fail(s, why, "'%.*s' is a directory, not a regular file", STR_ARG(path));
	}
	out->name = last_name(inside);
	out->digest = hash_of(s, inside);
	out->oci = false;
	return out->digest.len || fail(s, why, "file '%.*s' cannot be read", STR_ARG(path));
}

static const struct {
	struct str name;
	size_t digits;
} algorithms[] = {
	{ STR_INIT("sha256"), 64 },
	{ STR_INIT("sha384"), 96 },
	{ STR_INIT("sha512"), 128 },
};

struct image {
	struct str ref, algorithm, hex;
	size_t wanted; /* how many digits the algorithm has */
};

static bool is_hex(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = (char)(s.p[i] | 0x20);

		if (!(s.p[i] >= '0' && s.p[i] <= '9') && !(c >= 'a' && c <= 'f')) {
			return false;
		}
	}
	return s.len > 0;
}

/* REF@sha256:HEX, whatever the number of digits. */
static bool split_image(struct str text, struct image *out)
{
	size_t at = text.len;

	while (at > 0 && text.p[at - 1] != '@') {
		at--;
	}
	if (at < 2) {
		return false;
	}
	out->ref = str_slice(text, 0, at - 1);
	out->hex = str_slice(text, at, text.len);
	out->algorithm = str_cut(&out->hex, ':');
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		if (str_eq(out->algorithm, algorithms[i].name)) {
			out->wanted = algorithms[i].digits;
			return out->hex.p && is_hex(out->hex);
		}
	}
	return false;
}

static bool image_subject(struct step *s, const struct image *image, struct artifact *out,
			  struct str *why)
{
	char *hex = arena_cstr(s->a, image->hex);

	if (image->hex.len != image->wanted) {
		return fail(s, why, "digest '%.*s' must be %zu hex characters, got %zu",
			    STR_ARG(image->algorithm), image->wanted, image->hex.len);
	}
	for (size_t i = 0; i < image->hex.len; i++) {
		hex[i] = hex[i] >= 'A' && hex[i] <= 'F' ? (char)(hex[i] | 0x20) : hex[i];
	}
	out->name = image->ref;
	out->digest = arena_printf(s->a, "%.*s:%s", STR_ARG(image->algorithm), hex);
	out->oci = true;
	return true;
}

/* "scheme://" of RFC 3986. */
static bool has_scheme(struct str text)
{
	size_t n = 0;

	while (n < text.len && ((text.p[n] >= '0' && text.p[n] <= '9') ||
				((text.p[n] | 0x20) >= 'a' && (text.p[n] | 0x20) <= 'z') ||
				strchr("+.-", text.p[n]))) {
		n++;
	}
	return n > 0 && (text.p[0] | 0x20) >= 'a' &&
	       str_starts(str_slice(text, n, text.len), STR("://"));
}

static bool parse_line(struct step *s, struct str line, struct artifact *out, struct str *why)
{
	struct str scheme = str_slice(line, 0, STR("file://").len);
	struct image image;

	if (str_chr(line, '=', 0) != STR_NPOS) {
		return fail(s, why, "entries containing '=' are reserved and not permitted");
	}
	if (str_ieq(scheme, STR("file://"))) {
		struct str path = str_slice(line, scheme.len, line.len);

		return utf8_trim(path).len ? file_subject(s, path, out, why)
					   : fail(s, why, "file:// entries must include a path");
	}
	if (str_ieq(str_slice(line, 0, STR("oci://").len), STR("oci://"))) {
		return split_image(str_slice(line, STR("oci://").len, line.len), &image)
			       ? image_subject(s, &image, out, why)
			       : fail(s, why,
				      "oci:// entries must include an @sha{256,384,512}:<hex> "
				      "digest");
	}
	if (has_scheme(line)) {
		return fail(s, why, "unsupported URI scheme");
	}
	if (split_image(line, &image) && image.hex.len == image.wanted) {
		return image_subject(s, &image, out, why);
	}
	return file_subject(s, line, out, why);
}

/* --- the file ----------------------------------------------------------------------------------
 */

struct declared {
	size_t line;
	struct artifact subject;
};

static bool add(struct step *s, const struct artifact *subject, size_t *added, struct str *why)
{
	struct job *job = s->job;

	for (size_t i = 0; i < job->artifacts.n; i++) {
		const struct artifact *had = &job->artifacts.v[i];

		if (str_eq(had->name, subject->name)) {
			return str_eq(had->digest, subject->digest) ||
			       fail(s, why,
				    "Conflicting digest for artifact '%.*s': previously declared "
				    "as '%.*s', now declared as '%.*s'.",
				    STR_ARG(subject->name), STR_ARG(had->digest),
				    STR_ARG(subject->digest));
		}
	}
	if (job->artifacts.n >= MAX_SUBJECTS) {
		return fail(s, why, "The job has exceeded the maximum of %d declared artifacts.",
			    MAX_SUBJECTS);
	}
	vec_push(&job->arena, &job->artifacts,
		 (struct artifact){ arena_str(&job->arena, subject->name),
				    arena_str(&job->arena, subject->digest), subject->oci });
	++*added;
	return true;
}

static bool at_line(struct step *s, size_t line, struct str *why)
{
	return fail(s, why, "Invalid $GITHUB_ARTIFACTS entry on line %zu: %.*s", line,
		    STR_ARG(*why));
}

bool artifacts_apply(struct step *s, struct str content, struct str *why)
{
	VEC(struct declared) all = { 0 };
	size_t added = 0;

	for (size_t number = 1; content.p && content.len; number++) {
		struct str line = utf8_trim(str_cut(&content, '\n'));
		struct declared d = { .line = number };

		if (line.len == 0 || line.p[0] == '#') {
			continue;
		}
		if (!parse_line(s, line, &d.subject, why)) {
			return at_line(s, number, why);
		}
		vec_push(s->a, &all, d);
	}
	for (size_t i = 0; i < all.n; i++) {
		if (!add(s, &all.v[i].subject, &added, why)) {
			return at_line(s, all.v[i].line, why);
		}
	}
	if (added) {
		job_log(s->job, s->path,
			arena_printf(s->a,
				     "Captured %zu artifact subject(s) from this step (job total: "
				     "%zu).",
				     added, s->job->artifacts.n));
	}
	return true;
}
