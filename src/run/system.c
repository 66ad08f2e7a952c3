/*
 * system.c - what a job's scripts need of the system that they run on, told by the programs that
 * they name. An engine that has to make system directories writable first (the sandbox of an
 * ordinary user), or to bring a docker client, does it for these jobs only.
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

static bool is_docker(struct str word)
{
	return str_eq(word, STR("docker")) || str_eq(word, STR("docker-compose"));
}

typedef bool word_fn(struct str word);

static bool script_names(const struct tok *run, word_fn *wanted)
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
		if (i > from && wanted(str_slice(text, from, i))) {
			return true;
		}
		from = i + 1;
	}
	return false;
}

static bool steps_name(const struct step_def *steps, size_t n, word_fn *wanted)
{
	for (size_t i = 0; i < n; i++) {
		if (script_names(steps[i].run, wanted) ||
		    steps_name(steps[i].steps, steps[i].nsteps, wanted)) {
			return true;
		}
	}
	return false;
}

bool job_changes_system(const struct job_def *def)
{
	return steps_name(def->steps, def->nsteps, is_changer);
}

/* Those named for it, and the repository's own: what else an action runs is not known yet. */
static bool actions_may(const struct step_def *steps, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct str uses = steps[i].uses.s;

		if (str_find(uses, STR("docker"), 0) != STR_NPOS || str_starts(uses, STR("./")) ||
		    str_starts(uses, STR("$/")) || actions_may(steps[i].steps, steps[i].nsteps)) {
			return true;
		}
	}
	return false;
}

bool job_wants_docker(const struct job_def *def)
{
	return steps_name(def->steps, def->nsteps, is_docker) ||
	       actions_may(def->steps, def->nsteps);
}
