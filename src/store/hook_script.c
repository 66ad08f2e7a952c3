/*
 * hook_script.c - act-c's scripts in git's hooks directory: written, recognised, taken away.
 *
 * A script does little: it runs the hook that was there before, with the same arguments and input,
 * and then `act-c hook run`. When act-c has been removed it says so and lets git go on.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actc/file.h"
#include "actc/hook.h"
#include "git_run.h"

enum { SCRIPT_MAX = 1024 * 1024, ANSWER_MAX = 65536 };

#define MARK   "# act-c hook, written by `act-c hook install`"
#define BEFORE ".before-act-c"

const struct str hook_names[HOOK_KINDS] = {
	[HOOK_PRE_PUSH] = STR_INIT("pre-push"),
	[HOOK_PRE_COMMIT] = STR_INIT("pre-commit"),
	[HOOK_PRE_MERGE] = STR_INIT("pre-merge-commit"),
};

/* What `act-c hook run` is told; a merge is a commit. */
static const char *const run_as[HOOK_KINDS] = {
	[HOOK_PRE_PUSH] = "--pre-push",
	[HOOK_PRE_COMMIT] = "--pre-commit",
	[HOOK_PRE_MERGE] = "--pre-commit",
};

/* Both need the list of refs, which can be read only once; where there is one only, it reads. */
static const char push_before[] = "chained=\n"
				  "if [ -x \"$0" BEFORE "\" ]; then\n"
				  "	chained=yes\n"
				  "	refs=$(cat)\n"
				  "	newline='\n'\n"
				  "	give() { printf '%s' \"${refs:+$refs$newline}\"; }\n"
				  "	give | \"$0" BEFORE "\" \"$@\" || exit\n"
				  "fi\n";
static const char commit_before[] = "if [ -x \"$0" BEFORE "\" ]; then\n"
				    "	\"$0" BEFORE "\" \"$@\" || exit\n"
				    "fi\n";
static const char there[] =
	"[ -x \"$act_c\" ] || act_c=act-c\n"
	"command -v \"$act_c\" >/dev/null 2>&1 || {\n"
	"	echo \"act-c is not there any more: nothing was rehearsed (hook: $0)\" "
	">&2\n"
	"	exit 0\n"
	"}\n";
static const char push_run[] = "if [ \"$chained\" ]; then\n"
			       "	give | \"$act_c\" hook run --pre-push -- \"$@\"\n"
			       "else\n"
			       "	exec \"$act_c\" hook run --pre-push -- \"$@\"\n"
			       "fi\n";
static const char commit_run[] = "exec \"$act_c\" hook run --pre-commit -- \"$@\" </dev/null\n";

/* 'it'\''s' */
static struct str quoted(struct arena *a, struct str s)
{
	struct strbuf out = STRBUF_INIT(0);

	for (size_t i = 0; i < s.len; i++) {
		(void)(s.p[i] == '\'' ? strbuf_adds(&out, STR("'\\''"))
				      : strbuf_addc(&out, s.p[i]));
	}

	struct str made = arena_printf(a, "'%s'", out.p);

	strbuf_release(&out);
	return made;
}

static struct str script(struct arena *a, enum hook_kind kind, struct str program)
{
	bool push = kind == HOOK_PRE_PUSH;

	return arena_printf(a,
			    "#!/bin/sh\n" MARK "; `act-c hook uninstall` removes it.\n"
			    "%sact_c=%s\n%s%s",
			    push ? push_before : commit_before, quoted(a, program).p, there,
			    push ? push_run : commit_run);
}

static const char *path_of(struct arena *a, struct str dir, enum hook_kind kind, const char *suffix)
{
	return arena_printf(a, "%.*s/%.*s%s", STR_ARG(dir), STR_ARG(hook_names[kind]), suffix).p;
}

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static bool holds(const char *path, struct str what)
{
	struct strbuf text = STRBUF_INIT(SCRIPT_MAX);
	struct err ignored = ERR_INIT;
	bool found = read_file(path, &text, &ignored) &&
		     str_find(strbuf_str(&text), what, 0) != STR_NPOS;

	err_release(&ignored);
	strbuf_release(&text);
	return found;
}

/* One line of rev-parse. */
static bool ask_git(struct arena *a, struct str dir, const char *const *args, struct str *answer,
		    struct err *err)
{
	struct strbuf out = STRBUF_INIT(ANSWER_MAX);
	bool ok = git_run(&(struct git_call){ .args = args, .dir = dir, .out = &out }, err);
	struct str all = strbuf_str(&out);

	*answer = arena_str(a, str_slice(all, 0, all.len - str_ends(all, STR("\n"))));
	strbuf_release(&out);
	return ok;
}

bool hook_directory(struct arena *a, struct str *dir, struct err *err)
{
	static const char *const top[] = { "rev-parse", "--show-toplevel", NULL };
	static const char *const path[] = { "rev-parse", "--git-path", "hooks", NULL };
	struct str root, hooks;

	/* A relative core.hooksPath counts from there. */
	if (!ask_git(a, STR("."), top, &root, err) || !ask_git(a, root, path, &hooks, err)) {
		return false;
	}
	*dir = str_starts(hooks, STR("/"))
		       ? hooks
		       : arena_printf(a, "%.*s/%.*s", STR_ARG(root), STR_ARG(hooks));
	return true;
}

enum hook_state hook_state(struct arena *a, struct str dir, enum hook_kind kind)
{
	const char *path = path_of(a, dir, kind, "");

	if (!exists(path)) {
		return HOOK_NONE;
	}
	if (!holds(path, STR(MARK))) {
		return HOOK_FOREIGN;
	}
	return exists(path_of(a, dir, kind, BEFORE)) ? HOOK_CHAINED : HOOK_OURS;
}

/* husky's scripts find their way by their own name, so none of them can be moved; those of its
 * newer versions are known by their directory, .husky/_, only. */
static bool may_move(const char *path, enum hook_kind kind, const char *before, struct err *err)
{
	if (exists(before)) {
		return err_set(err, ERR_USAGE, "%s and %s are both there; remove one of them", path,
			       before);
	}
	if (holds(path, STR("husky")) || str_find(str_of(path), STR("/.husky/_/"), 0) != STR_NPOS) {
		return err_set(err, ERR_USAGE,
			       "%s is husky's; put this line into .husky/%s instead:\n"
			       "  act-c hook run %s",
			       path, hook_names[kind].p, run_as[kind]);
	}
	return true;
}

bool hook_install(struct arena *a, struct str dir, enum hook_kind kind, struct str program,
		  bool *chained, struct err *err)
{
	const char *path = path_of(a, dir, kind, ""), *before = path_of(a, dir, kind, BEFORE);
	enum hook_state state = hook_state(a, dir, kind);
	struct err failed = ERR_INIT;

	if (state == HOOK_FOREIGN && !may_move(path, kind, before, err)) {
		return false;
	}
	if (!make_dirs(arena_cstr(a, dir), 0755, err)) {
		return false;
	}
	if (state == HOOK_FOREIGN && rename(path, before) < 0) {
		return err_sys(err, errno, "%s", path);
	}
	if (!write_file(path, script(a, kind, program), 0755, &failed)) {
		if (state == HOOK_FOREIGN) {
			(void)rename(before, path);
		}
		*err = failed;
		return false;
	}
	*chained = exists(before);
	return true;
}

bool hook_uninstall(struct arena *a, struct str dir, enum hook_kind kind, enum hook_state *was,
		    struct err *err)
{
	const char *path = path_of(a, dir, kind, ""), *before = path_of(a, dir, kind, BEFORE);

	*was = hook_state(a, dir, kind);
	if (*was == HOOK_CHAINED && rename(before, path) < 0) {
		return err_sys(err, errno, "%s", before);
	}
	if (*was == HOOK_OURS && unlink(path) < 0) {
		return err_sys(err, errno, "%s", path);
	}
	return true;
}
