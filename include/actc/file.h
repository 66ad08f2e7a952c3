/*
 * file.h - whole files and trees of this machine.
 */
#ifndef ACTC_FILE_H
#define ACTC_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "actc/err.h"
#include "actc/str.h"
#include "actc/strbuf.h"

/* write(2) all of it, through EINTR and EAGAIN. */
bool write_all(int fd, const void *p, size_t len);
/* Reads a whole file; ERR_NOT_FOUND when it is not there, ERR_INVALID when it is larger than the
 * buffer's maximum or no regular file. */
bool read_file(const char *path, struct strbuf *out, struct err *err);
/* The same of a file that the user has named: pipes (a shell's `<(…)`) and devices (/dev/null) are
 * read to their end, too. */
bool read_given_file(const char *path, struct strbuf *out, struct err *err);
/* Writes via a temporary name and rename: a reader sees the old content or the new one. */
bool write_file(const char *path, struct str content, unsigned mode, struct err *err);
/* mkdir -p; `mode` is for the directories that are made, whatever the umask. */
bool make_dirs(const char *path, unsigned mode, struct err *err);
/* Removes a tree of any depth, and directories that forbid it to their owner too; symbolic links
 * are not followed; missing is fine. Goes on after a failure and reports the first. */
bool remove_tree(const char *path, struct err *err);
/* Bytes of all regular files below a directory; what cannot be read counts nothing. */
unsigned long long tree_size(const char *path);

#endif
