/* rest.h - what the REST API says of commits, read with git (rest_git.c). */
#ifndef SERVE_REST_H
#define SERVE_REST_H

#include "http.h"

/* A commit by its id or the name of a ref; false: the reply says why not. */
bool rest_commit(struct request *r, struct str name, struct value *out);
/* The files of the run's pull request, as an array. */
bool rest_pull_files(struct request *r, struct value *out);

#endif
