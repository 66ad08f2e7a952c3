/*
 * sandbox_hidden.c - what of this machine's no job sees: directories of people's, which are shown
 * empty, and files that only root reads, which a job's root would read as such.
 *
 * Directories that are private on every machine are in sandbox_view.c.
 */
#include "sandbox.h"

#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actc/file.h"

enum { PASSWD_MAX = 16 * 1024 * 1024, FIRST_PERSON = 1000 };

struct hidden {
	struct arena *a;
	VEC(const char *) paths;
};

static bool is_top(const char *path)
{
	return path[0] != '/' || strchr(path + 1, '/') == NULL;
}

/* A directory like /usr is nobody's own. */
bool sandbox_is_system_dir(const char *path)
{
	static const char *const dirs[] = { "/",    "/usr",   "/etc",    "/var", "/bin",
					    "/lib", "/lib64", "/sbin",   "/opt", "/usr/local",
					    "/srv", "/data",  "/var/lib" };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		if (strcmp(path, dirs[i]) == 0) {
			return true;
		}
	}
	return false;
}

static void hide(struct hidden *h, const char *path)
{
	char real[PATH_MAX];

	if (path && *path && realpath(path, real) && !sandbox_is_system_dir(real)) {
		vec_push(h->a, &h->paths, arena_cstr(h->a, str_of(real)));
	}
}

/* --- the repository ----------------------------------------------------------------------------
 */

/* Of a worktree or a submodule: the working tree, or the bare repository, that holds its files.
 * `file` says "gitdir: PATH/.git/worktrees/NAME" or "gitdir: PATH/.git/modules/NAME". */
static void hide_main(struct hidden *h, const char *dir, const char *file)
{
	struct strbuf text = STRBUF_INIT(PATH_MAX + 16);
	struct err ignored = ERR_INIT;
	char real[PATH_MAX];

	if (read_file(file, &text, &ignored) && str_starts(strbuf_str(&text), STR("gitdir: "))) {
		struct str to = str_trim(str_slice(strbuf_str(&text), 8, strbuf_str(&text).len));
		bool absolute = str_starts(to, STR("/"));
		const char *path = arena_printf(h->a, "%s%s%.*s", absolute ? "" : dir,
						absolute ? "" : "/", STR_ARG(to))
					   .p;
		bool found = realpath(path, real) != NULL;
		char *end = found ? strstr(real, "/.git/") : NULL;

		end = found && !end ? strstr(real, "/worktrees/") : end;
		if (end) {
			*end = '\0';
			hide(h, real);
		}
	}
	err_release(&ignored);
	strbuf_release(&text);
}

/* From the directory that act-c works in. */
static void hide_repository(struct hidden *h)
{
	char here[PATH_MAX], dot[PATH_MAX + 8];
	struct stat st;

	if (!getcwd(here, sizeof(here))) {
		return;
	}
	hide(h, here);
	for (;;) {
		(void)snprintf(dot, sizeof(dot), "%s/.git", here);
		if (lstat(dot, &st) == 0) {
			hide(h, here);
			if (S_ISREG(st.st_mode)) {
				hide_main(h, here, dot);
			}
			return;
		}
		if (is_top(here)) {
			return;
		}
		*strrchr(here, '/') = '\0';
	}
}

/* --- people ------------------------------------------------------------------------------------
 */

/* "name:x:uid:gid:comment:home:shell": a person's home, wherever it is; of an account that runs a
 * service its keys, since its home is that service's place in the system. */
static void hide_home(struct hidden *h, struct str line)
{
	struct str field[6];
	unsigned long uid = 0;
	struct stat st;

	for (size_t i = 0; i < 6; i++) {
		field[i] = line.p ? str_cut(&line, ':') : STR_EMPTY;
	}
	/* What is in /home needs no look. */
	if (!str_to_ulong(field[2], &uid) || uid == 0 || !str_starts(field[5], STR("/")) ||
	    str_starts(field[5], STR("/home/"))) {
		return;
	}

	const char *home = arena_cstr(h->a, field[5]);

	if (stat(home, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_uid != uid) {
		return;
	}
	if (uid >= FIRST_PERSON) {
		hide(h, home);
	} else {
		hide(h, arena_printf(h->a, "%s/.ssh", home).p);
		hide(h, arena_printf(h->a, "%s/.gnupg", home).p);
	}
}

static void hide_homes(struct hidden *h)
{
	struct strbuf text = STRBUF_INIT(PASSWD_MAX);
	struct err ignored = ERR_INIT;

	if (read_file("/etc/passwd", &text, &ignored)) {
		struct str rest = strbuf_str(&text);

		while (rest.p && rest.len) {
			hide_home(h, str_cut(&rest, '\n'));
		}
	}
	err_release(&ignored);
	strbuf_release(&text);
}

const char *const *sandbox_hidden(struct arena *a, const struct rundir *rundir)
{
	static const char *const variables[] = {
		"HOME",           "XDG_RUNTIME_DIR", "TMPDIR",    "XDG_CONFIG_HOME",
		"XDG_CACHE_HOME", "XDG_DATA_HOME",   "GNUPGHOME", "DOCKER_CONFIG",
	};
	struct hidden h = { .a = a };

	hide_repository(&h);
	hide(&h, arena_cstr(a, rundir->state));
	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++) {
		hide(&h, getenv(variables[i]));
	}
	hide_homes(&h);
	vec_push(a, &h.paths, NULL);
	return h.paths.v;
}

/* --- the system's keys -------------------------------------------------------------------------
 */

void sandbox_remove_secrets(void)
{
	static const char *const patterns[] = {
		"/etc/shadow-",
		"/etc/gshadow-",
		"/etc/security/opasswd",
		"/etc/krb5.keytab",
		"/etc/ipsec.secrets",
		"/etc/ppp/*-secrets",
		"/etc/mysql/debian.cnf",
		"/etc/docker/key.json",
		"/etc/ssh/ssh_host_*_key",
		"/etc/ssl/private/*",
		"/etc/netplan/*",
		"/etc/wpa_supplicant/*.conf",
		"/etc/letsencrypt/archive/*/privkey*",
		"/etc/letsencrypt/accounts/*/*/*/private_key.json",
		"/var/lib/systemd/random-seed",
		"/var/lib/systemd/credential.secret",
	};

	for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
		glob_t found = { 0 };

		if (glob(patterns[i], GLOB_NOSORT, NULL, &found) == 0) {
			for (size_t k = 0; k < found.gl_pathc; k++) {
				(void)unlink(found.gl_pathv[k]);
			}
		}
		globfree(&found);
	}
}
