/*
 * system.c - whether a job's scripts change the system that they run on. An engine that has to make
 * the system's directories writable first (the sandbox of an ordinary user) does it for these jobs.
 */
#include "job.h"

/* Programs that install, or that run others as root. */
static const struct str changers[] = {
	STR_INIT("apt"),  STR_INIT("apt-get"), STR_INIT("aptitude"), STR_INIT("dpkg"),
	STR_INIT("sudo"), STR_INIT("dnf"),     STR_INIT("yum"),      STR_INIT("apk"),
};

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.';
}

static bool is_changer(struct str word)
{
	for (size_t i = 0; i < sizeof(changers) / sizeof(changers[0]); i++) {
		if (str_eq(word, changers[i])) {
			return true;
		}
	}
	return false;
}

static bool script_changes(const struct tok *run)
{
	struct str text = !run                      ? STR_EMPTY
			  : run->from               ? run->from->text
			  : run->kind == TOK_STRING ? run->u.s
						    : STR_EMPTY;
	size_t from = 0;

	for (size_t i = 0; i <= text.len; i++) {
		if (i < text.len && is_word(text.p[i])) {
			continue;
		}
		if (i > from && is_changer(str_slice(text, from, i))) {
			return true;
		}
		from = i + 1;
	}
	return false;
}

static bool steps_change(const struct step_def *steps, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (script_changes(steps[i].run) || steps_change(steps[i].steps, steps[i].nsteps)) {
			return true;
		}
	}
	return false;
}

bool job_changes_system(const struct job_def *def)
{
	return steps_change(def->steps, def->nsteps);
}
