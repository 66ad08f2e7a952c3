/* test_tar_dir.c - a directory as a tar stream, read back with the machine's tar. */
#include <sys/stat.h>

#include "git_scratch.h"

TestSuite(tar_dir, .init = scratch_open, .fini = scratch_close);

/* Writes the stream of `name` to t.tar, reading `size` bytes at a time. */
static void write_tar(const char *name, size_t size)
{
	struct err err = ERR_INIT;
	struct tar_dir *t = tar_dir_open(at(name), &err);
	FILE *file = fopen(at("t.tar").p, "w");
	char *buf = malloc(size);
	ssize_t n;

	cr_assert(t, "%s", err.msg);
	cr_assert(file && buf);
	while ((n = tar_dir_read(t, buf, size)) > 0) {
		cr_assert_eq(fwrite(buf, 1, (size_t)n, file), (size_t)n);
	}
	cr_assert_eq(n, 0, "%s", tar_dir_error(t));
	cr_assert_eq(tar_dir_read(t, buf, size), 0);
	(void)fclose(file);
	free(buf);
	tar_dir_close(t);
}

static const char fill[] =
	"mkdir -p t/sub/empty; cd t; echo hello > a; echo x > sub/run; chmod 755 sub/run; "
	"ln -s a link; ln -s nowhere dangling; : > empty; chmod 600 empty; "
	"long=$(printf 'n%.0s' $(seq 200)); mkdir -p $long/$long; echo deep > $long/$long/$long; "
	"ln -s $long/$long/$long longlink; echo ü > ü; echo bad > \"$(printf 'x\\377')\"; "
	"echo q > 'a \"b\"'; echo big > big; head -c 700001 /dev/zero >> big; "
	"touch -d '2024-02-03 04:05:06 UTC' a; ";

Test(tar_dir, comes_out_as_it_went_in)
{
	const size_t sizes[] = { 1, 511, 4096, 1 << 20 };

	(void)sh("%s", fill);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		write_tar("t", sizes[i]);
		(void)sh("rm -rf u; mkdir u; tar -xpf t.tar -C u 2>/dev/null; diff -r "
			 "--no-dereference t u; "
			 "test $(stat -c %%a u/sub/run) = 755; test $(stat -c %%a u/empty) = 600");
		assert_str(sh("stat -c %%Y u/a; ls -A u/sub; readlink u/link u/dangling"),
			   "1706933106\nempty\nrun\na\nnowhere");
	}
}

Test(tar_dir, owners_do_not_travel_and_names_are_relative)
{
	(void)sh("mkdir t; echo 1 > t/a; mkdir t/d; echo 1 > t/d/b");
	write_tar("t/", 4096);
	assert_str(sh("tar -tvf t.tar --numeric-owner | awk '{ print $1, $2, $6 }'"),
		   "-rw-r--r-- 0/0 a\ndrwxr-xr-x 0/0 d/\n-rw-r--r-- 0/0 d/b");
	assert_str(sh("tar -tvf t.tar | awk '{ print $2 }' | sort -u"), "0/0");
}

Test(tar_dir, equal_trees_give_equal_streams)
{
	(void)sh("mkdir t u; for i in c a b; do echo $i > t/$i; done; for i in b c a; do echo $i > "
		 "u/$i; "
		 "done; touch -d 2024-01-01 t/* u/*");
	write_tar("t", 4096);
	(void)sh("mv t.tar first.tar");
	write_tar("u", 100);
	(void)sh("cmp t.tar first.tar");
}

Test(tar_dir, an_empty_directory)
{
	(void)sh("mkdir t");
	write_tar("t", 4096);
	assert_str(sh("tar -tf t.tar"), "");
}

Test(tar_dir, what_has_no_contents_stays_out)
{
	(void)sh("mkdir t; echo 1 > t/a; mkfifo t/pipe");
	write_tar("t", 4096);
	assert_str(sh("tar -tf t.tar"), "a");
}

/* The whole is never in memory: 300 MB go through a process that may grow by 40. */
Test(tar_dir, memory_stays_bounded)
{
	struct err err = ERR_INIT;
	static char buf[65536];
	unsigned long long sum = 0;
	ssize_t n;

	(void)sh("mkdir t; truncate -s 300M t/huge");

	struct tar_dir *t = tar_dir_open(at("t"), &err);
	struct str before = sh("awk '/VmRSS/ { print $2 }' /proc/%d/status", getpid());
	unsigned long kb_before, kb_after;

	cr_assert(t, "%s", err.msg);
	while ((n = tar_dir_read(t, buf, sizeof(buf))) > 0) {
		sum += (unsigned long long)n;
	}
	cr_assert_geq(sum, 300ULL << 20);

	struct str after = sh("awk '/VmRSS/ { print $2 }' /proc/%d/status", getpid());

	cr_assert(str_to_ulong(before, &kb_before) && str_to_ulong(after, &kb_after));
	cr_assert_lt(kb_after, kb_before + 40 * 1024);
	tar_dir_close(t);
}

Test(tar_dir, a_file_that_shrinks_meanwhile_keeps_its_announced_length)
{
	struct err err = ERR_INIT;
	char buf[4096];
	ssize_t n;

	(void)sh("mkdir t; head -c 300000 /dev/zero > t/a; echo z > t/z");

	struct tar_dir *t = tar_dir_open(at("t"), &err);
	FILE *file = fopen(at("t.tar").p, "w");

	cr_assert(t && file);
	n = tar_dir_read(t, buf, sizeof(buf));
	(void)fwrite(buf, 1, (size_t)n, file);
	(void)sh("truncate -s 10 t/a");
	while ((n = tar_dir_read(t, buf, sizeof(buf))) > 0) {
		(void)fwrite(buf, 1, (size_t)n, file);
	}
	(void)fclose(file);
	cr_assert_eq(n, 0, "%s", tar_dir_error(t));
	tar_dir_close(t);
	assert_str(sh("mkdir u; tar -xf t.tar -C u; stat -c %%s u/a; cat u/z"), "300000\nz");
}

Test(tar_dir, what_cannot_be_read_is_named)
{
	struct err err = ERR_INIT;
	char buf[4096];
	ssize_t n;

	(void)sh("mkdir t; echo 1 > t/secret; chmod 0 t/secret; chmod 755 .");
	if (geteuid() == 0) { /* who reads everything */
		cr_assert_eq(seteuid(65534), 0);
	}

	struct tar_dir *t = tar_dir_open(at("t"), &err);

	cr_assert(t);
	do {
		n = tar_dir_read(t, buf, sizeof(buf));
	} while (n > 0);
	cr_assert_eq(n, -1);
	cr_assert(strstr(tar_dir_error(t), "t/secret: Permission denied"), "%s", tar_dir_error(t));
	cr_assert_eq(tar_dir_read(t, buf, sizeof(buf)), -1);
	tar_dir_close(t);
	cr_assert_eq(seteuid(getuid()), 0);
}

Test(tar_dir, a_directory_that_is_not_there)
{
	struct err err = ERR_INIT;

	cr_assert_null(tar_dir_open(at("nowhere"), &err));
	cr_assert(strstr(err.msg, "nowhere"), "%s", err.msg);
	err_release(&err);
	(void)sh("echo 1 > file");
	cr_assert_null(tar_dir_open(at("file"), &err));
	err_release(&err);
}
