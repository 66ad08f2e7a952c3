/* permissions.h - what the token of a job may do (SEMANTICS 1.5), and what a call may ask for (8).
 */
#ifndef ACTC_PERMISSIONS_H
#define ACTC_PERMISSIONS_H

#include <stdbool.h>

#include "actc/strbuf.h"
#include "actc/workflow.h"

enum permission_level { PERMISSION_NONE, PERMISSION_READ, PERMISSION_WRITE };

enum { PERMISSION_SCOPES = 20 };

/* What was asked for, or what is the most that may be. */
struct permission_set {
	bool given; /* false: nobody said anything, the repository's default holds */
	unsigned char level[PERMISSION_SCOPES];
	/* "read-all" gives this for scopes that it does not name (they came after it). */
	unsigned char others;
};

struct str permission_scope_name(size_t scope);
struct str permission_level_name(enum permission_level level);

struct permission_set permission_set_of(const struct permissions *p);
/* What the repository grants when no file says anything; a workflow of somebody else never gets an
 * id-token by it. */
struct permission_set permission_set_default(bool limited_read, bool trusted);
bool permission_set_equal(const struct permission_set *a, const struct permission_set *b);
/* True when more is requested than allowed; the texts then list both: "contents: write, …". */
bool permission_excess(const struct permission_set *requested, const struct permission_set *allowed,
		       struct strbuf *wanted, struct strbuf *granted);

#endif
