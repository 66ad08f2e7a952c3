/* rule_shell.c - names of shells that there are not, or not on the job's system. */
#include "check.h"
#include "labels.h"

static const struct {
	struct str name;
	bool on_unix, on_windows;
} shells[] = {
	{ STR_INIT("bash"), true, true },   { STR_INIT("pwsh"), true, true },
	{ STR_INIT("python"), true, true }, { STR_INIT("sh"), true, false },
	{ STR_INIT("cmd"), false, true },   { STR_INIT("powershell"), false, true },
};

enum { NSHELLS = sizeof(shells) / sizeof(shells[0]) };

static void unknown(struct check *c, const struct tok *t, struct str name)
{
	struct str names[NSHELLS];
	struct diag *d =
		check_warn(c, t->at, "shell-name",
			   "shell \"%.*s\" is unknown; one of your own needs a {0} for the "
			   "script's name",
			   STR_ARG(name));

	for (size_t i = 0; i < NSHELLS; i++) {
		names[i] = shells[i].name;
	}

	struct str near = diag_nearest(name, names, NSHELLS);

	d->hint = near.len ? arena_printf(c->a, "did you mean '%.*s'?", STR_ARG(near)) : d->hint;
}

static void check_shell(struct check *c, const struct tok *t, enum platform platform)
{
	struct str name = check_literal(t);

	if (name.len == 0 || str_find(name, STR("{0}"), 0) != STR_NPOS) {
		return;
	}
	for (size_t i = 0; i < NSHELLS; i++) {
		if (!str_ieq(shells[i].name, name)) {
			continue;
		}
		if (platform == PLATFORM_UNIX && !shells[i].on_unix) {
			(void)check_warn(c, t->at, "shell-name",
					 "shell \"%.*s\" is only there on Windows", STR_ARG(name));
		} else if (platform == PLATFORM_WINDOWS && !shells[i].on_windows) {
			(void)check_warn(c, t->at, "shell-name",
					 "shell \"%.*s\" is not there on Windows", STR_ARG(name));
		}
		return;
	}
	unknown(c, t, name);
}

static const struct tok *default_shell(const struct tok *map)
{
	return check_get(check_get(check_get(map, "defaults"), "run"), "shell");
}

static void check_file(struct check *c)
{
	const struct tok *t = default_shell(c->root);

	if (t) {
		check_shell(c, t, PLATFORM_ANY);
	}
}

/* In a container the job's label does not say which system it is. */
static void check_job(struct check *c, struct job_view *job)
{
	const struct tok *t = default_shell(job->map);

	job->platform = labels_platform(check_get(job->map, "runs-on"));
	if (t) {
		check_shell(c, t, job->platform);
	}
}

static void check_step(struct check *c, const struct step_view *step)
{
	const struct tok *t = check_get(step->map, "shell");

	if (t) {
		check_shell(c, t, step->job->platform);
	}
}

const struct rule rule_shell = { check_file, check_job, check_step };
