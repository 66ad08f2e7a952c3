/* git2_absent.h - what stands for libraries of libgit2's that are of no use here. */
#ifndef STORE_GIT2_ABSENT_H
#define STORE_GIT2_ABSENT_H

#include <stdbool.h>

enum { ABSENT_MOST = 2 };

struct absent {
	int n;
	int fds[ABSENT_MOST];
	void *libraries[ABSENT_MOST];
};

/* Loads them; a library that is loaded now, and wants those, gets these. False: there are none. */
bool absent_open(struct absent *a);
/* What some library took stays with it. */
void absent_close(struct absent *a);

#endif
