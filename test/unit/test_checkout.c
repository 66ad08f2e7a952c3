/* test_checkout.c - the working tree and the .git that a job finds after actions/checkout. The
 * expectations are what the action (its ref-helper and git-source-provider) leaves behind. */
#include <sys/stat.h>
#include <sys/wait.h>

#include "git_scratch.h"

TestSuite(checkout, .init = scratch_open, .fini = scratch_close);

static const char url[] = "https://github.com/octo/hello";

/* Three commits on main, a branch, an annotated and a lightweight tag; cloned to c. */
static const char base[] =
	"git init -q o; cd o; mkdir src; echo 1 > a; echo 1 > src/run; chmod +x src/run; "
	"ln -s a link; git add .; git commit -qm one; git tag light; echo 2 > a; git commit -qam "
	"two; "
	"git tag -a -m annotated v1; git branch other; echo 3 > a; git commit -qam three; cd ..; "
	"git clone -q o c; cd c; ";

static struct str git_in(const char *dest, const char *command)
{
	return sh("cd '%s'; env -u GIT_CONFIG_NOSYSTEM git %s", dest, command);
}

/* Whatever was asked for: nothing is changed, nothing is missing, nothing points outside. */
static void assert_sound(const char *dest)
{
	assert_str(git_in(dest, "status --porcelain"), "");
	(void)git_in(dest, "fsck --no-dangling --no-progress --connectivity-only");
	(void)git_in(dest, "fsck --no-dangling --no-progress");
	(void)sh("test ! -e '%s/.git/objects/info/alternates'", dest);
	assert_str(git_in(dest, "config remote.origin.url"), url);
	assert_str(git_in(dest, "diff-index HEAD"), "");
}

static void check_out(struct snapshot s, const char *dest, struct checkout_spec spec)
{
	struct err err = ERR_INIT;

	spec.remote_url = str_of(url);
	spec.ref = spec.ref.p ? spec.ref : STR_EMPTY;
	(void)sh("rm -rf '%s'", dest);
	cr_assert(snapshot_checkout(&scratch.arena, &s, &spec, at(dest), &err), "%s", err.msg);
	assert_sound(dest);
}

static struct str refs(const char *dest)
{
	return git_in(dest, "for-each-ref --format='%(refname)'");
}

Test(checkout, the_branch_at_depth_one)
{
	(void)sh("%s", base);

	struct snapshot s = snap("c");

	check_out(s, "d", (struct checkout_spec){ .depth = 1 });
	assert_str(git_in("d", "symbolic-ref HEAD"), "refs/heads/main");
	assert_str(git_in("d", "rev-parse HEAD"), s.sha.p);
	assert_str(git_in("d", "rev-parse --abbrev-ref @{upstream}"), "origin/main");
	assert_str(git_in("d", "log --format=%s"), "three");
	assert_str(git_in("d", "rev-parse --is-shallow-repository"), "true");
	assert_str(refs("d"), "refs/heads/main\nrefs/remotes/origin/main");
	assert_str(sh("cd d; ls -A"), ".git\na\nlink\nsrc");
	assert_str(
		sh("cd d; cat a link; readlink link; test -x src/run; stat -c %%a a src/run src"),
		"3\n3\na\n644\n755\n755");
	assert_str(git_in("d", "config gc.auto"), "0");
	assert_str(git_in("d", "config remote.origin.fetch"),
		   "+refs/heads/*:refs/remotes/origin/*");
	/* Problem matchers look for this line. */
	assert_str(sh("grep url d/.git/config"), "url = https://github.com/octo/hello");
}

Test(checkout, a_dirty_tree_is_head_and_clean_in_the_job)
{
	(void)sh("%s echo dirty > a; echo new > b; rm link", base);

	struct snapshot s = snap("c");
	struct str before = fingerprint("c");

	check_out(s, "d", (struct checkout_spec){ .depth = 2 });
	cr_assert(str_eq(before, fingerprint("c")));
	assert_str(git_in("d", "rev-parse HEAD"), s.sha.p);
	assert_str(git_in("d", "rev-parse HEAD^"), sh("git -C c rev-parse HEAD").p);
	assert_str(git_in("d", "log --format=%s"), "act-c: working tree\nthree");
	assert_str(sh("cd d; ls -A; cat a b"), ".git\na\nb\nsrc\ndirty\nnew");
}

Test(checkout, depth_counts_commits)
{
	const char *const counts[] = { "4", "1", "2", "3", "4", "4" };

	(void)sh("%s git commit -q --allow-empty -m four", base);

	struct snapshot s = snap("c");

	for (long depth = 0; depth < 6; depth++) {
		check_out(s, "d", (struct checkout_spec){ .depth = depth });
		assert_str(git_in("d", "rev-list --count HEAD"), counts[depth]);
	}
}

Test(checkout, depth_counts_along_every_parent)
{
	(void)sh("%s git checkout -q -b side HEAD~1; echo s > s; git add s; git commit -qm side; "
		 "git checkout -q main; git merge -q -m merged side >/dev/null",
		 base);

	struct snapshot s = snap("c");

	check_out(s, "d", (struct checkout_spec){ .depth = 2 });
	assert_str(git_in("d", "log --format=%s --topo-order | sort"), "merged\nside\nthree");
	check_out(s, "d", (struct checkout_spec){ .depth = 3 });
	assert_str(git_in("d", "rev-list --count HEAD"), "4");
}

/* The shallow file is the one that a fetch of that depth leaves. */
Test(checkout, the_ends_of_history_are_those_of_git_fetch)
{
	(void)sh("%s git checkout -q -b side HEAD~1; echo s > s; git add s; git commit -qm side; "
		 "git checkout -q main; git merge -q -m merged side >/dev/null",
		 base);

	struct snapshot s = snap("c");

	for (long depth = 1; depth < 6; depth++) {
		check_out(s, "d", (struct checkout_spec){ .depth = depth });

		struct str fetched =
			sh("rm -rf f; git clone -q --no-tags --single-branch --depth %ld "
			   "file://$PWD/c f; cat f/.git/shallow 2>/dev/null | sort",
			   depth);

		assert_str(sh("cat d/.git/shallow 2>/dev/null | sort"), fetched.p);
	}
}

Test(checkout, depth_zero_brings_all_branches_and_tags)
{
	(void)sh("%s git branch mine", base);
	check_out(snap("c"), "d", (struct checkout_spec){ .depth = 0 });
	assert_str(refs("d"),
		   "refs/heads/main\nrefs/remotes/origin/main\nrefs/remotes/origin/mine\n"
		   "refs/remotes/origin/other\nrefs/tags/light\nrefs/tags/v1");
	assert_str(git_in("d", "rev-parse --is-shallow-repository"), "false");
	assert_str(git_in("d", "describe --tags"), sh("git -C c describe --tags").p);
	assert_str(git_in("d", "cat-file -t v1"), "tag");
	(void)git_in("d", "diff --quiet origin/other v1");
}

Test(checkout, fetch_tags)
{
	(void)sh("%s", base);
	check_out(snap("c"), "d", (struct checkout_spec){ .depth = 1, .tags = true });
	assert_str(refs("d"),
		   "refs/heads/main\nrefs/remotes/origin/main\nrefs/tags/light\nrefs/tags/v1");
	assert_str(git_in("d", "rev-list --count HEAD"), "1");
}

/* Git's own following of tags, and an event's tag by its commit. */
Test(checkout, fetch_tags_before_they_were_asked_for_by_name)
{
	struct checkout_spec spec = { .depth = 1, .tags = true, .old_tags = true };

	(void)sh("%s", base);
	check_out(snap("c"), "d", spec);
	assert_str(refs("d"), "refs/heads/main\nrefs/remotes/origin/main");
	spec.depth = 2;
	check_out(snap("c"), "d", spec);
	assert_str(refs("d"), "refs/heads/main\nrefs/remotes/origin/main\nrefs/tags/v1");
	assert_str(git_in("d", "rev-list --count --all"), "2");
	assert_str(git_in("d", "cat-file -t v1"), "tag");

	(void)sh("cd c; git checkout -q v1");
	check_out(snap("c"), "d", (struct checkout_spec){ .depth = 1, .old_tags = true });
	assert_str(refs("d"), "refs/tags/v1");
	assert_str(git_in("d", "cat-file -t v1"), "commit");
}

Test(checkout, a_ref_that_is_no_branch_and_no_tag)
{
	(void)sh("%s git update-ref refs/notes/n HEAD~1", base);
	check_out(snap("c"), "d", (struct checkout_spec){ .depth = 1, .ref = STR("refs/notes/n") });
	assert_str(refs("d"), "refs/notes/n");
	assert_str(git_in("d", "log --format=%s"), "two");
}

static const struct {
	const char *ref, *head, *log, *refs;
} asked[] = {
	{ "other", "refs/heads/other", "two", "refs/heads/other\nrefs/remotes/origin/other" },
	{ "refs/heads/other", "refs/heads/other", "two",
	  "refs/heads/other\nrefs/remotes/origin/other" },
	{ "main", "refs/heads/main", "act-c: working tree",
	  "refs/heads/main\nrefs/remotes/origin/main\nrefs/remotes/origin/mainframe" },
	{ "v1", "", "two", "refs/tags/v1" },
	{ "refs/tags/v1", "", "two", "refs/tags/v1" },
	{ "refs/tags/light", "", "one", "refs/tags/light" },
	{ "refs/pull/7/merge", "", "two", "refs/remotes/pull/7/merge" },
	{ "refs/remotes/origin/other", "", "two", "refs/remotes/origin/other" },
};

Test(checkout, what_is_asked_for_is_what_head_is_on)
{
	(void)sh("%s git update-ref refs/pull/7/merge origin/other; git branch mainframe; "
		 "echo dirty > a",
		 base);

	struct snapshot s = snap("c");

	for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++) {
		check_out(s, "d",
			  (struct checkout_spec){ .ref = str_of(asked[i].ref), .depth = 1 });
		assert_str(git_in("d", "symbolic-ref -q HEAD || true"), asked[i].head);
		assert_str(git_in("d", "log --format=%s"), asked[i].log);
		assert_str(refs("d"), asked[i].refs);
	}
}

Test(checkout, a_commit_detaches_head)
{
	(void)sh("%s", base);

	struct snapshot s = snap("c");
	struct str one = sh("git -C o rev-parse HEAD~2");

	check_out(s, "d", (struct checkout_spec){ .ref = one, .depth = 1 });
	assert_str(git_in("d", "rev-parse HEAD"), one.p);
	assert_str(git_in("d", "symbolic-ref -q HEAD || true"), "");
	assert_str(refs("d"), "");
	assert_str(git_in("d", "rev-list --count HEAD"), "1");

	check_out(s, "d", (struct checkout_spec){ .ref = one, .depth = 0 });
	assert_str(git_in("d", "rev-parse HEAD"), one.p);
	assert_str(git_in("d", "rev-list --count --all"), "3");
}

static const struct {
	const char *ref, *words;
} refused[] = {
	{ "nosuch", "A branch or tag with the name 'nosuch' could not be found" },
	{ "-q", "A branch or tag with the name '-q' could not be found" },
	{ "refs/heads/nosuch", "couldn't find remote ref refs/heads/nosuch" },
	{ "refs/tags/nosuch", "couldn't find remote ref refs/tags/nosuch" },
	{ "0123456789012345678901234567890123456789", "0123456789012345678901234567890123456789" },
};

Test(checkout, what_is_not_there_is_said_as_the_action_says_it)
{
	(void)sh("%s", base);

	struct snapshot s = snap("c");

	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		struct checkout_spec spec = { .ref = str_of(refused[i].ref),
					      .depth = 1,
					      .remote_url = str_of(url) };
		struct err err = ERR_INIT;

		cr_assert(!snapshot_checkout(&scratch.arena, &s, &spec, at("d"), &err), "%s",
			  refused[i].ref);
		cr_assert_eq(err.kind, ERR_NOT_FOUND);
		cr_assert(strstr(err.msg, refused[i].words), "%s", err.msg);
		err_release(&err);
	}
}

Test(checkout, a_short_commit_is_no_ref_as_on_github)
{
	(void)sh("%s", base);

	struct snapshot s = snap("c");
	struct checkout_spec spec = { .ref = str_slice(s.sha, 0, 8),
				      .depth = 1,
				      .remote_url = str_of(url) };
	struct err err = ERR_INIT;

	cr_assert(!snapshot_checkout(&scratch.arena, &s, &spec, at("d"), &err));
	cr_assert(strstr(err.msg, "could not be found"), "%s", err.msg);
	err_release(&err);
}

Test(checkout, a_tag_of_a_dirty_tree_is_the_snapshot)
{
	(void)sh("%s git checkout -q v1; echo dirty > a", base);

	struct snapshot s = snap("c");

	assert_str(s.ref, "refs/tags/v1");
	check_out(s, "d", (struct checkout_spec){ .depth = 1 });
	assert_str(git_in("d", "rev-parse HEAD"), s.sha.p);
	assert_str(git_in("d", "rev-parse v1^{commit}"), s.sha.p);
	assert_str(git_in("d", "describe --exact-match --tags"), "v1");

	(void)sh("cd c; git checkout -q a");
	check_out(snap("c"), "d", (struct checkout_spec){ .depth = 0 });
	assert_str(git_in("d", "cat-file -t v1"), "tag");
}

Test(checkout, a_pull_request)
{
	(void)sh("%s echo dirty > a", base);

	struct snapshot s = snap("c");

	s.ref = STR("refs/pull/12/merge");
	check_out(s, "d", (struct checkout_spec){ .depth = 1 });
	assert_str(git_in("d", "rev-parse HEAD refs/remotes/pull/12/merge"),
		   arena_printf(&scratch.arena, "%s\n%s", s.sha.p, s.sha.p).p);
	assert_str(git_in("d", "symbolic-ref -q HEAD || true"), "");
	check_out(s, "d", (struct checkout_spec){ .depth = 0 });
	assert_str(git_in("d", "rev-parse refs/remotes/pull/12/merge"), s.sha.p);
	assert_str(git_in("d", "branch -r --format='%(refname:short)'"),
		   "origin/main\norigin/other\n"
		   "pull/12/merge");
}

Test(checkout, a_detached_head_without_a_name)
{
	(void)sh("%s git checkout -q HEAD~1", base);

	struct snapshot s = snap("c");

	check_out(s, "d", (struct checkout_spec){ .depth = 1 });
	assert_str(git_in("d", "rev-parse HEAD"), s.sha.p);
	assert_str(refs("d"), "refs/tags/v1");

	(void)sh("cd c; git tag -d v1 >/dev/null");
	check_out(snap("c"), "d", (struct checkout_spec){ .depth = 1 });
	assert_str(refs("d"), "");
}

Test(checkout, without_commits_and_without_repository)
{
	(void)sh("mkdir p; echo 1 > p/a; git init -q q; echo 1 > q/a; git init -q e");

	const char *const names[] = { "p", "q", "e" };

	for (size_t i = 0; i < 3; i++) {
		check_out(snap(names[i]), "d", (struct checkout_spec){ .depth = 1 });
		assert_str(git_in("d", "symbolic-ref HEAD"), "refs/heads/main");
		assert_str(git_in("d", "log --format=%s"), "act-c: working tree");
	}
}

Test(checkout, a_shallow_clone_ends_where_it_ends)
{
	(void)sh("%s cd ..; git clone -q --depth 2 file://$PWD/o s; echo 1 > s/new", base);

	struct snapshot s = snap("s");
	const char *const counts[] = { "3", "1", "2", "3", "3" };

	for (long depth = 0; depth < 5; depth++) {
		check_out(s, "d", (struct checkout_spec){ .depth = depth });
		assert_str(git_in("d", "rev-list --count HEAD"), counts[depth]);
	}
}

Test(checkout, the_users_configuration_does_not_count)
{
	(void)sh("%s printf '*.up filter=up\\n*.txt text\\n' > .gitattributes; echo abc > x.up; "
		 "echo text > t.txt; git add .; git commit -qm attributes; "
		 "git config --global core.autocrlf true; git config --global core.eol crlf; "
		 "git config --global filter.up.smudge 'tr a-z A-Z'; "
		 "mkdir -p ../tmpl/hooks; printf '#!/bin/sh\\ntouch ran\\n' > "
		 "../tmpl/hooks/post-checkout; "
		 "chmod +x ../tmpl/hooks/post-checkout; "
		 "git config --global init.templateDir %s/tmpl; "
		 "git config --global core.hooksPath %s/tmpl/hooks",
		 base, scratch.dir, scratch.dir);

	struct snapshot s = snap("c");
	mode_t mask = umask(077);

	(void)setenv("GIT_DIR", at("c/.git").p, 1);

	struct checkout_spec spec = { .ref = STR_EMPTY, .depth = 1, .remote_url = str_of(url) };
	struct err err = ERR_INIT;
	bool ok = snapshot_checkout(&scratch.arena, &s, &spec, at("d"), &err);

	(void)unsetenv("GIT_DIR");
	cr_assert_eq(umask(mask), 077);
	cr_assert(ok, "%s", err.msg);
	assert_str(sh("cd d; cat x.up; od -c t.txt | head -1; ls; stat -c %%a t.txt ."),
		   "abc\n0000000   t   e   x   t  \\n\na\nlink\nsrc\nt.txt\nx.up\n644\n755");
	assert_str(sh("cd d; HOME=/nowhere git status --porcelain"), "");
}

Test(checkout, what_the_attributes_ask_for_is_done)
{
	(void)sh("%s echo '*.bat text eol=crlf' > .gitattributes; printf 'x\\r\\n' > x.bat", base);
	check_out(snap("c"), "d", (struct checkout_spec){ .depth = 1 });
	assert_str(sh("od -c d/x.bat | head -1"), "0000000   x  \\r  \\n");
}

Test(checkout, large_files_stay_pointers)
{
	(void)sh("%s echo '*.bin filter=lfs diff=lfs merge=lfs -text' > .gitattributes; "
		 "echo version https://git-lfs.github.com/spec/v1 > x.bin; "
		 "git config filter.lfs.smudge 'sed s/version/LFS/'; "
		 "git config filter.lfs.clean cat; git config filter.lfs.required true",
		 base);
	check_out(snap("c"), "d", (struct checkout_spec){ .depth = 1 });
	assert_str(sh("cat d/x.bin"), "version https://git-lfs.github.com/spec/v1");
}

Test(checkout, submodules_are_empty_directories)
{
	(void)sh("%s cd ..; git -C c submodule --quiet add ../o mod; echo 1 > c/new", base);
	check_out(snap("c"), "d", (struct checkout_spec){ .depth = 1 });
	assert_str(sh("ls -A d/mod; git -C d ls-tree HEAD mod | cut -c1-13"), "160000 commit");
}

Test(checkout, names_with_blanks_colons_and_quotes)
{
	(void)sh("%s mkdir 'x \"y\"'; echo 1 > 'x \"y\"/ü b'; cd ..; mv c 'c: \"c\"'", base);
	(void)sh("mkdir 'state: \"s\"'");

	struct repo_facts facts = facts_of("c: \"c\"");
	struct err err = ERR_INIT;
	struct snapshot s;

	cr_assert(snapshot_make(&scratch.arena, &facts, at("c: \"c\""), at("state: \"s\"/x"), &s,
				&err),
		  "%s", err.msg);
	check_out(s, "d: \"e\" f", (struct checkout_spec){ .depth = 1 });
	assert_str(sh("cat 'd: \"e\" f/x \"y\"/ü b'"), "1");
}

Test(checkout, a_url_with_special_characters)
{
	const char *odd = "/srv/a b;c#d\"e\\f";
	struct checkout_spec spec = { .ref = STR_EMPTY, .depth = 1, .remote_url = str_of(odd) };
	struct err err = ERR_INIT;

	(void)sh("%s", base);

	struct snapshot s = snap("c");

	cr_assert(snapshot_checkout(&scratch.arena, &s, &spec, at("d"), &err), "%s", err.msg);
	assert_str(git_in("d", "config remote.origin.url"), odd);
}

Test(checkout, a_git_directory_that_is_there_is_not_touched)
{
	struct checkout_spec spec = { .ref = STR_EMPTY, .depth = 1, .remote_url = str_of(url) };
	struct err err = ERR_INIT;

	(void)sh("%s", base);

	struct snapshot s = snap("c");

	(void)sh("git init -q d");
	cr_assert(!snapshot_checkout(&scratch.arena, &s, &spec, at("d"), &err));
	err_release(&err);
}

Test(checkout, several_at_once)
{
	enum { N = 6 };
	pid_t pid[N];

	(void)sh("%s echo dirty > a", base);

	struct snapshot s = snap("c");

	for (int i = 0; i < N; i++) {
		pid[i] = fork();
		if (pid[i] == 0) {
			struct checkout_spec spec = { .ref = STR_EMPTY,
						      .depth = i % 2,
						      .remote_url = str_of(url) };
			struct err err = ERR_INIT;
			const char *dest = arena_printf(&scratch.arena, "d%d", i).p;

			_exit(!snapshot_checkout(&scratch.arena, &s, &spec, at(dest), &err));
		}
	}
	for (int i = 0; i < N; i++) {
		int status = -1;

		cr_assert_eq(waitpid(pid[i], &status, 0), pid[i]);
		cr_assert_eq(status, 0);
		assert_sound(arena_printf(&scratch.arena, "d%d", i).p);
	}
}

Test(checkout, the_commit_that_is_checked_out)
{
	(void)sh("%s", base);

	struct snapshot s = snap("c");
	struct err err = ERR_INIT;
	struct str commit;

	check_out(s, "d", (struct checkout_spec){ .depth = 1, .ref = STR("v1") });
	cr_assert(checkout_head(&scratch.arena, at("d"), &commit, &err));
	assert_str(commit, git_in("d", "rev-parse HEAD").p);
	check_out(s, "d", (struct checkout_spec){ .depth = 1, .ref = STR("other") });
	cr_assert(checkout_head(&scratch.arena, at("d"), &commit, &err));
	assert_str(commit, git_in("c", "rev-parse origin/other").p);
}

static const struct str directory[] = { STR_INIT("src") };
static const struct str pattern[] = { STR_INIT("/src/run") };

Test(checkout, sparse_directories_and_patterns)
{
	(void)sh("%s mkdir deep deep/er; echo x > deep/f; echo y > src/more; git add .; "
		 "git commit -qm four",
		 base);

	struct snapshot s = snap("c");

	check_out(s, "d", (struct checkout_spec){ .depth = 1, .nsparse = 1, .sparse = directory });
	assert_str(sh("cd d; find . -path ./.git -prune -o -type f -print -o -type l -print | "
		      "sort"),
		   "./a\n./link\n./src/more\n./src/run");
	assert_str(git_in("d", "sparse-checkout list"), "src");
	check_out(s, "d",
		  (struct checkout_spec){
			  .depth = 1, .nsparse = 1, .sparse = pattern, .patterns = true });
	assert_str(sh("cd d; find . -path ./.git -prune -o -type f -print"), "./src/run");
	assert_str(git_in("d", "config core.sparseCheckout"), "true");
}

/* A repository with a submodule that has one itself, at an older commit of it. */
static const char nested[] =
	"git init -q leaf; (cd leaf; echo 1 > l; git add .; git commit -qm l1); git init -q mid; "
	"(cd mid; git submodule --quiet add ../leaf in; git commit -qm m1); git init -q top; "
	"cd top; echo t > t; git submodule --quiet add ../mid lib/mid; "
	"git submodule --quiet update --init --recursive; git add .; git commit -qm t1; cd ..; "
	"(cd mid; echo newer > n; git add .; git commit -qm m2); ";

static struct str submodule_files(const char *dest)
{
	return sh("cd %s; find . -name .git -prune -o -type f -print | sort", dest);
}

Test(checkout, submodules_from_the_users_own_clones)
{
	(void)sh("%s", nested);

	struct snapshot s = snap("top");
	struct checkout_spec spec = { .depth = 1,
				      .common_dir = facts_of("top").common_dir,
				      .submodules = SUBMODULES_DIRECT };

	(void)sh("mv mid gone; mv leaf lost");
	check_out(s, "d", spec);
	assert_str(submodule_files("d"), "./.gitmodules\n./lib/mid/.gitmodules\n./t");
	assert_str(git_in("d/lib/mid", "rev-parse --is-shallow-repository"), "true");
	assert_str(git_in("d/lib/mid", "config remote.origin.url"), "https://github.com/octo/mid");
	assert_str(git_in("d/lib/mid", "config gc.auto"), "0");
	assert_str(sh("cat d/lib/mid/.git"), "gitdir: ../../.git/modules/lib/mid");
	spec.submodules = SUBMODULES_RECURSIVE;
	check_out(s, "d", spec);
	assert_str(submodule_files("d"),
		   "./.gitmodules\n./lib/mid/.gitmodules\n./lib/mid/in/l\n./t");
	assert_str(git_in("d", "submodule status --recursive | cut -c1"), "");
}

Test(checkout, a_submodule_that_is_not_there_is_fetched)
{
	(void)sh("%s git config --global url.\"$PWD/\".insteadOf https://github.com/octo/; "
		 "git clone -q top fresh",
		 nested);

	struct snapshot s = snap("fresh");

	check_out(s, "d",
		  (struct checkout_spec){ .common_dir = facts_of("fresh").common_dir,
					  .submodules = SUBMODULES_RECURSIVE });
	assert_str(sh("cat d/lib/mid/in/l"), "1");
}

Test(checkout, lfs_contents_in_place_of_pointers)
{
	static const char oid[] =
		"98ea6e4f216f2fb4b69fff9b3a44842c38686ca685f3f55dc48c5d3fb1107be4";
	struct err err = ERR_INIT;

	(void)sh("git init -q r; cd r; echo '*.bin filter=lfs' > .gitattributes; "
		 "printf 'version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 12\n' "
		 "> x.bin; git add .; git commit -qm one; mkdir -p .git/lfs/objects/98/ea; "
		 "echo 'hi there lfs' > .git/lfs/objects/98/ea/%s",
		 oid, oid);

	struct snapshot s = snap("r");
	struct checkout_spec spec = { .depth = 1,
				      .ref = STR_EMPTY,
				      .remote_url = str_of(url),
				      .common_dir = facts_of("r").common_dir };

	cr_assert(snapshot_checkout(&scratch.arena, &s, &spec, at("plain"), &err), "%s", err.msg);
	assert_str(sh("head -c 7 plain/x.bin"), "version");
	spec.lfs = true;
	cr_assert(snapshot_checkout(&scratch.arena, &s, &spec, at("d"), &err), "%s", err.msg);
	assert_str(sh("cat d/x.bin d/.git/lfs/objects/98/ea/%s", oid),
		   "hi there lfs\nhi there lfs");
	assert_str(git_in("d", "config filter.lfs.clean"), "git-lfs clean -- %f");
	(void)sh("rm -r r/.git/lfs");
	cr_assert_not(snapshot_checkout(&scratch.arena, &s, &spec, at("e"), &err));
	assert_str(str_of(err.msg),
		   "the content of x.bin is not in this repository: `git lfs fetch` gets it");
	err_release(&err);
}
