/*
 * checkout_again.c - a checkout into a working tree that an earlier one has left, done by git in
 * the job as actions/checkout does it: branches go, refs that were fetched and the configuration
 * stay, and files are those of the new commit, also with `clean: false`. What is wanted comes as a
 * repository beside it, from which git fetches. The first checkout of a job never comes here.
 */
#include "checkout_again.h"

#include "actc/repo.h"
#include "env.h"

/* sh -c SCRIPT sh REPOSITORY URL CLEAN SERVER DEPTH. What HEAD is to be put on, by the name that
 * the action uses, stands at the end of the new repository's own log. */
static const char script[] =
	"set -e\n"
	"g() { git -c safe.directory='*' -c advice.detachedHead=false \"$@\"; }\n"
	"test \"$(g config --local --get remote.origin.url)\" = \"$2\"\n"
	"rm -f .git/index.lock .git/shallow.lock\n"
	"if g symbolic-ref -q HEAD; then g checkout -q --detach; fi\n"
	"g for-each-ref --format='%(refname:lstrip=2)' refs/heads | while read -r branch; do\n"
	"	g branch -q -D \"$branch\"\n"
	"done\n"
	"g submodule status\n"
	"if test \"$3\" = true; then g clean -q -ffdx; g reset -q --hard HEAD; fi\n"
	"g config --local --unset-all \"http.$4/.extraheader\" || :\n"
	"if test \"$5\" != 0; then\n"
	"	deep=--depth=$5\n"
	"elif test -f .git/shallow; then\n"
	"	deep=--unshallow\n"
	"fi\n"
	"g fetch -q --no-tags --force --update-shallow --no-recurse-submodules $deep \"$1\""
	" '+refs/remotes/*:refs/remotes/*' '+refs/tags/*:refs/tags/*' HEAD\n"
	"if test \"$(g config --get core.sparseCheckout)\" = true; then\n"
	"	g sparse-checkout disable\n"
	"fi\n"
	"target=$(sed -n '$s/.* to //p' \"$1/logs/HEAD\")\n"
	"case $(cat \"$1/HEAD\") in\n"
	"ref:*) g checkout -q --force -B \"$target\" \"refs/remotes/origin/$target\" ;;\n"
	"*) g checkout -q --force --detach \"$target\" ;;\n"
	"esac\n";

static bool is_there(struct step *s, struct str to)
{
	struct file_stat st = { 0 };
	struct err ignored = ERR_INIT;
	bool found = channel_stat(s->job->channel, arena_printf(s->a, "%.*s/.git", STR_ARG(to)),
				  &st, &ignored) &&
		     st.exists;

	err_release(&ignored);
	return found;
}

static bool put_beside(struct step *s, struct str from, struct str beside)
{
	struct err ignored = ERR_INIT;
	struct tar_dir *tar =
		tar_dir_open(arena_printf(s->a, "%.*s/.git", STR_ARG(from)), &ignored);
	struct tar_source source = { .ctx = tar, .more = tar_dir_read };
	bool ok = tar != NULL;

	if (ok) {
		channel_mkdir(s->job->channel, beside, 0755, false);
		ok = channel_put(s->job->channel, beside, &source, &ignored);
		tar_dir_close(tar);
	}
	err_release(&ignored);
	return ok;
}

static bool update(struct step *s, const struct checkout_again *x, struct str beside)
{
	struct str argv[] = { STR("sh"),
			      STR("-c"),
			      str_of(script),
			      STR("sh"),
			      beside,
			      x->url,
			      x->clean ? STR("true") : STR("false"),
			      x->server,
			      arena_printf(s->a, "%ld", x->depth) };
	struct proc_spec spec = { .argv = argv,
				  .nargv = sizeof(argv) / sizeof(argv[0]),
				  .cwd = x->to };

	spec.env = env_build(s, NULL, &spec.nenv);
	return job_run_quietly(s->job, &spec).well;
}

bool checkout_again(struct step *s, const struct checkout_again *x)
{
	struct str beside = arena_printf(s->a, "%.*s/_checkout_%u", STR_ARG(s->job->paths->temp),
					 s->job->serial++);
	bool ok;

	if (!is_there(s, x->to)) {
		return false;
	}
	ok = put_beside(s, x->from, beside) && update(s, x, beside);
	channel_remove(s->job->channel, beside);
	return ok;
}
