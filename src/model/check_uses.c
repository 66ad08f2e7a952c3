/*
 * check_uses.c - the forms in which a job may name the workflow that it calls (SEMANTICS 8). The
 * service refuses others before it looks for a file; which file it is, the plan layer finds.
 */
#include "build.h"

static const struct str directories[] = { STR_INIT(".github/workflows/"),
					  STR_INIT(".github/workflows-lab/") };

/* What follows the directory of workflows; empty with NULL when it is another one. */
static struct str below_workflows(struct str path)
{
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		if (str_starts(path, directories[i])) {
			return str_slice(path, directories[i].len, path.len);
		}
	}
	return (struct str){ NULL, 0 };
}

/* What is wrong with the name of a file there, or NULL. */
static const char *wrong_file(struct str name)
{
	if (str_chr(name, '/', 0) != STR_NPOS) {
		return "workflows must be defined at the top level of the .github/workflows/ "
		       "directory";
	}
	if (!str_ends(name, STR(".yml")) && !str_ends(name, STR(".yaml"))) {
		return "workflow file should have either a '.yml' or '.yaml' file extension";
	}
	return str_eq(name, STR(".yml")) || str_eq(name, STR(".yaml"))
		       ? "invalid workflow file name"
		       : NULL;
}

static const char *wrong_local(struct str path)
{
	struct str name = below_workflows(path);

	if (!name.p) {
		return "local workflow references must be rooted in '.github/workflows'";
	}
	return str_chr(path, '@', 0) != STR_NPOS
		       ? "cannot specify version when calling local workflows"
		       : wrong_file(name);
}

static const char *wrong_remote(struct str uses)
{
	struct str version = uses, path = str_cut(&version, '@');

	if (!version.p || version.len == 0) {
		return "no version specified";
	}
	if (str_chr(version, '@', 0) != STR_NPOS) {
		return "too many '@' in workflow reference";
	}

	struct str owner = str_cut(&path, '/');
	struct str repository = path.p ? str_cut(&path, '/') : STR_EMPTY;
	struct str name = path.p ? below_workflows(path) : (struct str){ NULL, 0 };

	if (owner.len == 0 || repository.len == 0 || !path.p) {
		return "references to workflows must be prefixed with format 'owner/repository/' "
		       "or './' for local workflows";
	}
	return name.p ? wrong_file(name)
		      : "references to workflows must be rooted in '.github/workflows'";
}

void check_call_uses(struct build *b, struct spanned uses)
{
	bool local = str_starts(uses.s, STR("./")) || str_starts(uses.s, STR("$/"));
	const char *why =
		local ? wrong_local(str_slice(uses.s, 2, uses.s.len)) : wrong_remote(uses.s);

	if (why) {
		(void)diag_error(b->diags, uses.at, "workflow-call",
				 "Invalid workflow reference '%.*s': %s",
				 STR_ARG(diag_quote(uses.s)), why);
	}
}
