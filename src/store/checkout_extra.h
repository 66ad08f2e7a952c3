/* checkout_extra.h - the parts of a checkout that most do without. */
#ifndef STORE_CHECKOUT_EXTRA_H
#define STORE_CHECKOUT_EXTRA_H

#include "actc/repo.h"

struct checkout_extra {
	struct arena *a;
	const struct checkout_spec *spec;
	const char *dest, *git_dir;
};

/* Before the files are written: which of them will be. */
bool checkout_sparse(const struct checkout_extra *x, struct err *err);
/* Puts contents where git has pointers of Git LFS. */
bool checkout_lfs(const struct checkout_extra *x, struct err *err);
/* Checks out the submodules, and theirs. */
bool checkout_submodules(const struct checkout_extra *x, struct err *err);

#endif
