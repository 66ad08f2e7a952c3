/* permissions.c - sets of permissions and their comparison, with GitHub's words for what exceeds.
 */
#include "actc/permissions.h"

static const struct {
	struct str name;
	bool in_all; /* part of what "read-all" and "write-all" ask for */
} scopes[PERMISSION_SCOPES] = {
	/* In the order in which GitHub lists what is too much. */
	{ STR_INIT("actions"), true },
	{ STR_INIT("artifact-metadata"), false },
	{ STR_INIT("attestations"), false },
	{ STR_INIT("checks"), true },
	{ STR_INIT("contents"), true },
	{ STR_INIT("deployments"), true },
	{ STR_INIT("discussions"), true },
	{ STR_INIT("issues"), true },
	{ STR_INIT("packages"), true },
	{ STR_INIT("pages"), true },
	{ STR_INIT("pull-requests"), true },
	{ STR_INIT("repository-projects"), true },
	{ STR_INIT("statuses"), true },
	{ STR_INIT("security-events"), true },
	{ STR_INIT("id-token"), true },
	{ STR_INIT("models"), false },
	{ STR_INIT("vulnerability-alerts"), false },
	{ STR_INIT("code-quality"), false },
	{ STR_INIT("copilot-requests"), false },
	{ STR_INIT("drives"), false },
};

static const struct str levels[] = {
	[PERMISSION_NONE] = STR_INIT("none"),
	[PERMISSION_READ] = STR_INIT("read"),
	[PERMISSION_WRITE] = STR_INIT("write"),
};

struct str permission_scope_name(size_t scope)
{
	return scopes[scope].name;
}

struct str permission_level_name(enum permission_level level)
{
	return levels[level];
}

static unsigned char level_of(struct str word)
{
	for (unsigned i = 0; i <= PERMISSION_WRITE; i++) {
		if (str_eq(levels[i], word)) {
			return (unsigned char)i;
		}
	}
	return PERMISSION_NONE;
}

static struct permission_set all(unsigned char level)
{
	struct permission_set set = { .given = true, .others = level };

	for (size_t i = 0; i < PERMISSION_SCOPES; i++) {
		set.level[i] = scopes[i].in_all ? level : PERMISSION_NONE;
	}
	return set;
}

struct permission_set permission_set_of(const struct permissions *p)
{
	struct permission_set set = { .given = p->given };

	if (p->all.len) {
		return all(str_eq(p->all, STR("write-all")) ? PERMISSION_WRITE : PERMISSION_READ);
	}
	for (size_t i = 0; i < p->n; i++) {
		for (size_t s = 0; s < PERMISSION_SCOPES; s++) {
			if (str_eq(scopes[s].name, p->v[i].scope.s)) {
				set.level[s] = level_of(p->v[i].level);
			}
		}
	}
	return set;
}

struct permission_set permission_set_default(bool limited_read, bool trusted)
{
	struct permission_set set = all(limited_read ? PERMISSION_NONE : PERMISSION_WRITE);

	for (size_t i = 0; i < PERMISSION_SCOPES; i++) {
		if (limited_read && (str_eq(scopes[i].name, STR("contents")) ||
				     str_eq(scopes[i].name, STR("packages")))) {
			set.level[i] = PERMISSION_READ;
		}
		if (!trusted && str_eq(scopes[i].name, STR("id-token"))) {
			set.level[i] = PERMISSION_NONE;
		}
	}
	return set;
}

bool permission_set_equal(const struct permission_set *a, const struct permission_set *b)
{
	return a->given == b->given && a->others == b->others &&
	       memcmp(a->level, b->level, sizeof(a->level)) == 0;
}

static void add(struct strbuf *out, size_t scope, unsigned char level)
{
	(void)strbuf_addf(out, "%s%.*s: %.*s", out->len ? ", " : "", STR_ARG(scopes[scope].name),
			  STR_ARG(levels[level]));
}

bool permission_excess(const struct permission_set *requested, const struct permission_set *allowed,
		       struct strbuf *wanted, struct strbuf *granted)
{
	bool excess = false;

	for (size_t i = 0; i < PERMISSION_SCOPES; i++) {
		unsigned char most = scopes[i].in_all                      ? allowed->level[i]
				     : allowed->level[i] > allowed->others ? allowed->level[i]
									   : allowed->others;

		if (requested->level[i] > most) {
			excess = true;
			add(wanted, i, requested->level[i]);
			add(granted, i, most);
		}
	}
	return excess;
}
