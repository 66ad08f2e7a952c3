/*
 * user.c - whom the steps run as, from the image's own passwd and group files.
 *
 * The forms and rules are Docker's: "", name, uid, name:group, uid:gid; a number need not be in the
 * files. An agent that is not root cannot become anybody and stays who it is.
 */
#include "agent.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The entry of that name or number; false when there is none. */
static bool find_passwd(const char *file, struct str name, bool numeric, unsigned long uid,
			struct passwd *out)
{
	FILE *f = fopen(file, "re");
	struct passwd *pw = NULL;

	while (f && (pw = fgetpwent(f))) {
		if (str_eq(str_of(pw->pw_name), name) || (numeric && pw->pw_uid == uid)) {
			*out = *pw;
			break;
		}
	}
	if (f) {
		(void)fclose(f);
	}
	return pw != NULL;
}

static bool find_group(const char *file, struct str name, gid_t *gid)
{
	FILE *f = fopen(file, "re");
	unsigned long number;
	bool numeric = str_to_ulong(name, &number);
	struct group *gr = NULL;

	while (f && (gr = fgetgrent(f))) {
		if (str_eq(str_of(gr->gr_name), name) || (numeric && gr->gr_gid == number)) {
			*gid = gr->gr_gid;
			break;
		}
	}
	if (f) {
		(void)fclose(f);
	}
	if (!gr && numeric) {
		*gid = (gid_t)number;
	}
	return gr || numeric;
}

static void add_group(struct user *u, gid_t gid)
{
	for (size_t i = 0; i < u->ngroups; i++) {
		if (u->groups[i] == gid) {
			return;
		}
	}
	if (u->ngroups < sizeof(u->groups) / sizeof(u->groups[0])) {
		u->groups[u->ngroups++] = gid;
	}
}

static void add_groups_of(struct user *u, const char *file)
{
	FILE *f = fopen(file, "re");
	struct group *gr;

	while (f && (gr = fgetgrent(f))) {
		for (char **m = gr->gr_mem; *m; m++) {
			if (str_eq(str_of(*m), u->name)) {
				add_group(u, gr->gr_gid);
			}
		}
	}
	if (f) {
		(void)fclose(f);
	}
}

static void stay_oneself(struct user *u, struct arena *arena, const char *passwd)
{
	struct passwd pw;
	const char *home = getenv("HOME");
	const char *name = getenv("USER");
	int n;

	u->uid = getuid();
	u->gid = getgid();
	n = getgroups(sizeof(u->groups) / sizeof(u->groups[0]), u->groups);
	u->ngroups = n > 0 ? (size_t)n : 0;
	if (find_passwd(passwd, STR_EMPTY, true, u->uid, &pw)) {
		u->name = arena_str(arena, str_of(pw.pw_name));
		u->home = arena_str(arena, str_of(pw.pw_dir));
	} else {
		u->name = arena_str(arena, str_of(name ? name : ""));
	}
	if (home && *home) {
		u->home = arena_str(arena, str_of(home));
	}
}

bool user_resolve(struct user *u, struct arena *arena, struct str spec, const char *passwd,
		  const char *group, struct err *err)
{
	struct passwd pw;
	struct str group_part = spec;
	struct str who = str_cut(&group_part, ':');
	unsigned long uid = 0;
	bool numeric = str_to_ulong(who, &uid) && uid < UINT32_MAX;

	*u = (struct user){ .name = STR_EMPTY, .home = STR("/") };
	if (geteuid() != 0 || spec.len == 0) {
		stay_oneself(u, arena, passwd);
		return true;
	}
	if (find_passwd(passwd, who, numeric, uid, &pw)) {
		u->uid = pw.pw_uid;
		u->gid = pw.pw_gid;
		u->name = arena_str(arena, str_of(pw.pw_name));
		u->home = pw.pw_dir[0] ? arena_str(arena, str_of(pw.pw_dir)) : u->home;
	} else if (numeric || who.len == 0) {
		u->uid = (uid_t)uid;
	} else {
		return err_set(err, ERR_NOT_FOUND, "the image's user \"%.*s\" is not in %s",
			       STR_ARG(who), passwd);
	}
	if (group_part.p && group_part.len > 0) {
		if (!find_group(group, group_part, &u->gid)) {
			return err_set(err, ERR_NOT_FOUND,
				       "the image's group \"%.*s\" is not in %s",
				       STR_ARG(group_part), group);
		}
		add_group(u, u->gid);
		return true;
	}
	add_group(u, u->gid);
	add_groups_of(u, group);
	return true;
}

char *user_find_program(const char *name, const char *path)
{
	char full[4096];
	struct stat st;

	path = path ? path : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	for (struct str rest = str_of(path); rest.p;) {
		struct str dir = str_cut(&rest, ':');
		int n = snprintf(full, sizeof(full), "%.*s/%s", STR_ARG(dir), name);

		if (dir.len > 0 && n > 0 && (size_t)n < sizeof(full) && stat(full, &st) == 0 &&
		    S_ISREG(st.st_mode) && (st.st_mode & 0111)) {
			return strdup(full);
		}
	}
	return NULL;
}
