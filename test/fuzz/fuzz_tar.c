/*
 * fuzz_tar.c - any bytes as an archive for the agent: unpacked below a directory, never beside it.
 */
#include <stdint.h>

/* Belongs to the agent's own program, not to the library. */
#include "../../src/agent/tar_read.c"
#include "actc/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 32 * 1024 };

/* Only what was there before may be there beside the directory. */
static void check_beside(const char *top)
{
	struct err err = ERR_INIT;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/in", top);
	if (!remove_tree(path, &err) || rmdir(top) < 0) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char top[] = "/tmp/actc-fuzz-tar-XXXXXX";
	char dir[sizeof(top) + 3];
	struct err err = ERR_INIT;
	int fds[2];

	if (size > INPUT_MAX || !mkdtemp(top) || pipe(fds) < 0) {
		return 0;
	}
	(void)snprintf(dir, sizeof(dir), "%s/in", top);
	if (mkdir(dir, 0700) < 0 || write(fds[1], data, size) != (ssize_t)size) {
		abort();
	}
	(void)close(fds[1]);
	(void)tar_unpack(fds[0], dir, NULL, &err);
	(void)close(fds[0]);
	err_release(&err);
	check_beside(top);
	return 0;
}
