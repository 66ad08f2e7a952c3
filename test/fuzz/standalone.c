/*
 * standalone.c - a main for fuzz targets without libFuzzer: replays files, and all files of
 * directories, so that every input that once was of interest stays a test with any compiler.
 *
 * Not for finding new inputs: that is `make fuzz`.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy of exact size on the heap: a read beyond it is seen by the sanitizer. */
static int replay_file(const char *path, size_t size)
{
	FILE *in = fopen(path, "rb");
	uint8_t *data = malloc(size != 0 ? size : 1);
	size_t got = 0;

	if (in == NULL || data == NULL) {
		perror(path);
		exit(2);
	}
	got = fread(data, 1, size, in);
	(void)fclose(in);
	(void)LLVMFuzzerTestOneInput(data, got);
	free(data);
	return 1;
}

static int replay(const char *path)
{
	struct stat st;
	struct dirent **names = NULL;
	int n;
	int replayed = 0;

	if (stat(path, &st) != 0) {
		perror(path);
		exit(2);
	}
	if (!S_ISDIR(st.st_mode)) {
		return replay_file(path, (size_t)st.st_size);
	}
	n = scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		char below[4096];

		if (names[i]->d_name[0] != '.') {
			(void)snprintf(below, sizeof(below), "%s/%s", path, names[i]->d_name);
			replayed += replay(below);
		}
		free(names[i]);
	}
	free(names);
	return replayed;
}

int main(int argc, char **argv)
{
	int replayed = 0;

	for (int i = 1; i < argc; i++) {
		replayed += replay(argv[i]);
	}
	printf("%d inputs\n", replayed);
	return 0;
}
