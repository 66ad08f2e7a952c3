/* test_tar.c - archives in memory, read back by the system's tar. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actc/arena.h"
#include "actc/file.h"
#include "actc/tar.h"

/* What `tar OPTIONS FILE` prints of an archive. */
static struct str listed(struct arena *a, const struct strbuf *tar)
{
	char path[] = "/tmp/actc-test-XXXXXX";
	int fd = mkstemp(path);
	char *line = arena_cstr(a, arena_printf(a, "TZ=UTC tar --full-time -tvf %s", path));
	char text[4096];
	FILE *f;
	size_t n;

	cr_assert(write_all(fd, tar->p, tar->len));
	(void)close(fd);
	f = popen(line, "r");
	n = fread(text, 1, sizeof(text), f);
	cr_assert_eq(pclose(f), 0);
	(void)unlink(path);
	return arena_str(a, str_mk(text, n));
}

static struct str repeat(struct arena *a, char c, size_t n)
{
	char *p = arena_alloc(a, n);

	memset(p, c, n);
	return str_mk(p, n);
}

Test(tar, files_and_links_are_read_as_they_were_added)
{
	struct arena a = ARENA_INIT;
	struct strbuf tar = STRBUF_INIT(0);
	struct str all;

	cr_assert(tar_add_file(&tar, STR("bin/agent"), 0555, STR("1234567")));
	cr_assert(tar_add_link(&tar, STR("a/b"), STR("/c/d")));
	tar_add_end(&tar);
	cr_assert_eq(tar.len, 5 * TAR_BLOCK);
	all = listed(&a, &tar);
	cr_assert(str_starts(all, STR("-r-xr-xr-x 0/0")), "%s", all.p);
	cr_assert_neq(str_find(all, STR(" 7 1970-01-01 00:00:00 bin/agent\n"), 0), STR_NPOS);
	cr_assert_neq(str_find(all, STR("lrwxrwxrwx 0/0"), 0), STR_NPOS);
	cr_assert_neq(str_find(all, STR(" a/b -> /c/d\n"), 0), STR_NPOS);
	strbuf_release(&tar);
	arena_release(&a);
}

Test(tar, a_long_path_lies_in_two_fields)
{
	static const struct {
		size_t dir, name;
		bool fits;
	} rows[] = {
		{ 40, 59, true }, /* 100 in all */
		{ 40, 60, true }, { 155, 100, true }, { 156, 100, false }, { 155, 101, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena a = ARENA_INIT;
		struct strbuf tar = STRBUF_INIT(0);
		struct str dir = repeat(&a, 'd', rows[i].dir), name = repeat(&a, 'n', rows[i].name);
		struct str path = arena_printf(&a, "%.*s/%.*s", STR_ARG(dir), STR_ARG(name));

		cr_assert_eq(tar_add_link(&tar, path, STR("x")), rows[i].fits, "row %zu", i);
		if (rows[i].fits) {
			tar_add_end(&tar);
			cr_assert_neq(str_find(listed(&a, &tar), path, 0), STR_NPOS, "row %zu", i);
		} else {
			cr_assert_eq(tar.len, 0);
		}
		strbuf_release(&tar);
		arena_release(&a);
	}
}

Test(tar, a_target_that_is_too_long_is_refused)
{
	struct arena a = ARENA_INIT;
	struct strbuf tar = STRBUF_INIT(0);

	cr_assert(tar_add_link(&tar, STR("l"), repeat(&a, 't', 100)));
	cr_assert_not(tar_add_link(&tar, STR("l"), repeat(&a, 't', 101)));
	cr_assert_eq(tar.len, TAR_BLOCK);
	strbuf_release(&tar);
	arena_release(&a);
}

Test(tar, numbers_are_octal_or_base_256)
{
	static const char octal[12] = "00000001750";
	static const char large[12] = { (char)0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1 };

	cr_assert_eq(tar_number(octal, sizeof(octal)), 1000);
	cr_assert_eq(tar_number(large, sizeof(large)), (2ULL << 32) + 1);
	cr_assert_eq(tar_padding(0), 0);
	cr_assert_eq(tar_padding(1), TAR_BLOCK - 1);
	cr_assert_eq(tar_padding(TAR_BLOCK), 0);
}
