/* test_snapshot.c - the commit that stands for a working tree, on real git repositories in every
 * state. What it holds is compared with what `git add --all && git commit` would hold. */
#include <sys/wait.h>
#include <unistd.h>

#include "git_scratch.h"
#include "store/status.h"

TestSuite(snapshot, .init = scratch_open, .fini = scratch_close);

/* As snap, and the repository is the same afterwards to the last time stamp. */
static struct snapshot snap_untouched(const char *name)
{
	struct str before = fingerprint(arena_printf(&scratch.arena, "%s/.git", name).p);
	struct snapshot s = snap(name);
	struct str after = fingerprint(arena_printf(&scratch.arena, "%s/.git", name).p);

	cr_assert(str_eq(before, after), "%s\n--- became ---\n%s", before.p, after.p);
	return s;
}

static struct str git_in(struct snapshot s, const char *command)
{
	return sh("git --git-dir '%s' %s", s.git_dir.p, command);
}

static struct str files(struct snapshot s)
{
	return git_in(s, arena_printf(&scratch.arena, "ls-tree -r --name-only %s", s.sha.p).p);
}

/* The tree that git itself would commit, made in a copy. */
static struct str gits_tree(const char *name)
{
	return sh("rm -rf copy; cp -a '%s' copy; cd copy; rm -f .git/index.lock; git add --all >&2 "
		  "2>/dev/null; "
		  "git write-tree",
		  name);
}

static const char base[] =
	"git init -q r; cd r; mkdir -p src/deep doc; echo 1 > a; echo 2 > src/b; echo 3 > "
	"src/deep/c; "
	"echo 4 > doc/d; echo '*.log' > .gitignore; git add .; git commit -qm one; sleep 0.02; ";

static void assert_dirty_as_git(const char *name)
{
	struct str tree = gits_tree(name);
	struct snapshot s = snap_untouched(name);

	cr_assert(s.dirty);
	assert_str(s.tree, tree.p);
	assert_str(git_in(s, arena_printf(&scratch.arena, "rev-parse %s^{tree}", s.sha.p).p),
		   tree.p);
	(void)git_in(s, "fsck --no-dangling --no-progress");
}

Test(snapshot, a_clean_tree_is_head)
{
	(void)sh("%s echo ignored > x.log; touch a", base);

	struct str head = sh("cd r; git rev-parse HEAD");
	struct snapshot s = snap_untouched("r");

	cr_assert(!s.dirty);
	assert_str(s.sha, head.p);
	assert_str(s.parent, head.p);
	assert_str(s.ref, "refs/heads/main");
	assert_str(s.message, "one");
	assert_str(s.author_name, "Ada");
	assert_str(s.author_email, "ada@example.org");
	assert_str(s.tree, sh("cd r; git rev-parse HEAD^{tree}").p);
	assert_str(s.timestamp, sh("cd r; git log -1 --format=%%aI | sed s/Z/+00:00/").p);
}

/* What asks for it last, or in the middle of another's making, finds it whole. */
Test(snapshot, of_a_clean_tree_is_made_when_it_is_wanted)
{
	struct err err = ERR_INIT;
	struct snapshot s;

	(void)sh("%s git branch old", base);

	struct repo_facts facts = facts_of("r");

	cr_assert(snapshot_make(&scratch.arena, &facts, at("r"), at("late"), &s, &err), "%s",
		  err.msg);
	cr_assert(s.planned != NULL);
	assert_str(sh("test -e late || echo none"), "none");
	(void)sh("cd r; git branch -D -q old; git branch new; echo 2 > a; git commit -qam two");
	for (int i = 0; i < 8; i++) {
		if (fork() == 0) {
			bool ok = snapshot_ready(&scratch.arena, &s, &err) &&
				  access(at("late/packed-refs").p, F_OK) == 0 &&
				  access(at("late/HEAD").p, F_OK) == 0;

			_exit(ok ? 0 : 1);
		}
	}
	for (int i = 0, status; i < 8; i++) {
		cr_assert(wait(&status) > 0 && status == 0);
	}
	assert_str(git_in(s, "for-each-ref --format='%(refname)' refs/heads"),
		   "refs/heads/main\nrefs/heads/old");
	assert_str(git_in(s, "rev-parse HEAD refs/heads/main"),
		   arena_printf(&scratch.arena, "%s\n%s", s.sha.p, s.sha.p).p);
}

Test(snapshot, what_was_left_half_made_is_made_whole)
{
	struct err err = ERR_INIT;
	struct snapshot s;

	(void)sh("%s", base);

	struct repo_facts facts = facts_of("r");

	cr_assert(snapshot_make(&scratch.arena, &facts, at("r"), at("late"), &s, &err), "%s",
		  err.msg);
	(void)sh("mkdir -p late/objects/info late/refs; echo '[core' > late/config");
	cr_assert(snapshot_ready(&scratch.arena, &s, &err), "%s", err.msg);
	assert_str(git_in(s, "rev-parse HEAD"), s.sha.p);
	assert_str(files(s), ".gitignore\na\ndoc/d\nsrc/b\nsrc/deep/c");
}

Test(snapshot, a_dirty_tree_is_a_commit_on_head)
{
	(void)sh("%s echo new > src/new; echo changed > a; rm doc/d; echo no > x.log; chmod +x "
		 "src/b; "
		 "ln -s a link; echo staged > s; git add s; ln -sf ../a src/deep/c",
		 base);

	struct str tree = gits_tree("r");
	struct str head = sh("cd r; git rev-parse HEAD");
	struct snapshot s = snap_untouched("r");

	cr_assert(s.dirty);
	assert_str(s.parent, head.p);
	assert_str(s.tree, tree.p);
	assert_str(s.message, "act-c: working tree");
	assert_str(s.author_name, "Ada");
	assert_str(files(s), ".gitignore\na\nlink\ns\nsrc/b\nsrc/deep/c\nsrc/new");
	assert_str(git_in(s, "log --format='%an <%ae> %s' HEAD"),
		   "Ada <ada@example.org> act-c: working tree\nAda <ada@example.org> one");
	assert_str(git_in(s, "rev-parse HEAD"), s.sha.p);
	assert_str(git_in(s, "log -1 --format=%aI | sed s/Z/+00:00/"), s.timestamp.p);
	(void)git_in(s, "fsck --no-dangling --no-progress");
}

static const struct {
	const char *what, *script;
} dirt[] = {
	{ "untracked only", "echo 1 > new" },
	{ "staged only", "echo 1 > new; git add new" },
	{ "staged deletion, file kept", "git rm -q --cached a" },
	{ "staged, then changed again", "echo 1 > a; git add a; echo 2 > a" },
	{ "staged, then removed", "echo 1 > new; git add new; rm new; echo 1 > other" },
	{ "intent to add", "echo 1 > new; git add -N new" },
	{ "only the executable bit", "chmod +x a" },
	{ "file becomes a directory", "rm a; mkdir a; echo 1 > a/b" },
	{ "directory becomes a file", "rm -r src; echo 1 > src" },
	{ "directory becomes a link", "mv src moved; ln -s moved src" },
	{ "nested .gitignore", "echo '*' > src/.gitignore; echo 1 > src/no; echo 1 > yes" },
	{ "info/exclude", "echo secret > .git/info/exclude; echo 1 > secret; echo 1 > open" },
	{ "core.excludesFile", "git config core.excludesFile ../ex; echo secret > ../ex; echo 1 > "
			       "secret; echo 1 > open" },
	{ "tracked although ignored", "echo 1 > x.log; git add -f x.log; echo 2 > x.log" },
	{ "names",
	  "echo 1 > 'a b'; echo 1 > ü; printf 1 > \"$(printf 'new\\nline')\"; echo > ' x'; "
	  "echo 1 > -dash; echo 1 > '\"quote\"'; echo 1 > ':(top)magic'" },
	{ "names that are not UTF-8", "echo 1 > \"$(printf 'x\\377')\"" },
	{ "back to an old state", "echo 2 > a; git commit -qam two; echo 1 > a" },
	{ "back to an old state, packed",
	  "echo 2 > a; git commit -qam two; git gc -q; echo 1 > a" },
	{ "a merge conflict", "git checkout -qb x; echo x > a; git commit -qam x; "
			      "git checkout -q main; echo y > a; git commit -qam y; "
			      "git merge x >/dev/null || true" },
	{ "a conflict with a deleted file",
	  "git checkout -qb x; echo x > a; git commit -qam x; git checkout -q main; git rm -q a; "
	  "git commit -qm y; git merge x >/dev/null || true" },
	{ "autocrlf", "git config core.autocrlf true; printf 'x\\r\\ny\\r\\n' > new; "
		      "printf '1\\r\\n2\\r\\n' > a" },
	{ "autocrlf, CRLF in the index",
	  "printf '1\\r\\n' > crlf; git add crlf; git commit -qm crlf; "
	  "git config core.autocrlf true; printf '1\\r\\n2\\r\\n' > crlf" },
	{ "autocrlf=input in a conflict",
	  "git config core.autocrlf input; git checkout -qb x; echo x > a; git commit -qam x; "
	  "git checkout -q main; echo y > a; git commit -qam y; git merge x >/dev/null || true; "
	  "printf 'z\\r\\n' > a" },
	{ "attributes", "echo '*.txt text eol=lf' > .gitattributes; printf 'x\\r\\n' > t.txt" },
	{ "attributes only in the index",
	  "echo '* text' > .gitattributes; git add .; git commit -qm at; rm .gitattributes; "
	  "printf 'x\\r\\n' > t" },
	{ "info/attributes", "echo '*.txt text' > .git/info/attributes; printf 'x\\r\\n' > t.txt" },
	{ "a filter of the user's", "git config filter.up.clean 'tr a-z A-Z'; "
				    "echo '*.up filter=up' > .gitattributes; echo abc > x.up" },
	{ "index version 4", "git update-index --index-version 4; echo 1 > new" },
	{ "assume-unchanged", "git update-index --assume-unchanged a; echo 9 > a; echo 1 > new" },
	{ "executable bits that do not count",
	  "git config core.fileMode false; chmod +x a; echo 1 > new" },
	{ "an index.lock left behind", "echo 1 > new; touch .git/index.lock" },
	{ "hooks", "echo 1 > new; printf '#!/bin/sh\\ntouch ../hooked; touch .git/hooked\\n' > "
		   ".git/hooks/post-index-change; chmod +x .git/hooks/post-index-change" },
	{ "a file monitor",
	  "git config core.fsmonitor ../mon; printf '#!/bin/sh\\ntouch $GIT_DIR/ran\\n"
	  "exit 1\\n' > ../mon; chmod +x ../mon; echo 1 > new" },
};

Test(snapshot, holds_what_git_would_commit)
{
	for (size_t i = 0; i < sizeof(dirt) / sizeof(*dirt); i++) {
		(void)sh("rm -rf r copy snap* ex mon; %s %s", base, dirt[i].script);

		struct str tree = gits_tree("r");
		struct str before = fingerprint("r/.git");
		struct snapshot s = snap("r");

		cr_assert(str_eq(fingerprint("r/.git"), before), "%s: wrote to the repository",
			  dirt[i].what);
		cr_assert_eq(s.dirty, !str_eq(tree, sh("git -C r rev-parse HEAD^{tree}")), "%s",
			     dirt[i].what);
		cr_assert(str_eq(s.tree, tree), "%s: %s is not %s\n%s", dirt[i].what, s.tree.p,
			  tree.p,
			  git_in(s, arena_printf(&scratch.arena, "diff --stat %s %s", s.tree.p,
						 s.parent.p)
					    .p)
				  .p);
		(void)git_in(s, "fsck --no-dangling --no-progress");
	}
}

/* Here git itself renews the time stamp of the shared part, whatever it is asked. */
Test(snapshot, a_split_index)
{
	const char *const ways[] = { "echo 1 > new; git add new", "echo 1 > new" };

	for (size_t i = 0; i < 2; i++) {
		(void)sh("rm -rf r; %s git update-index --split-index; %s", base, ways[i]);

		struct str tree = gits_tree("r");

		assert_str(snap("r").tree, tree.p);
	}
}

Test(snapshot, staged_changes_undone_in_the_working_tree_are_no_changes)
{
	(void)sh("%s echo 9 > a; git add a; echo 1 > a", base);

	struct snapshot s = snap_untouched("r");

	cr_assert(!s.dirty);
	assert_str(s.sha, sh("cd r; git rev-parse HEAD").p);
}

Test(snapshot, a_file_changed_within_the_time_stamp_of_the_index_is_seen)
{
	(void)sh(
		"git init -q r; cd r; echo 1 > a; git add a; git commit -qm one; "
		"echo 2 > a; touch -r .git/index a; git update-index --refresh >/dev/null || true");
	(void)sh("cd r; echo 1 > a; touch -d '2020-01-01' a; git update-index -q --refresh; "
		 "touch -d '2020-01-01' .git/index; echo 2 > a; touch -d '2020-01-01' a; echo n > "
		 "new");

	struct str tree = gits_tree("r");

	assert_str(snap("r").tree, tree.p);
}

Test(snapshot, no_commits_makes_a_root_commit)
{
	(void)sh("git init -q r; cd r; echo 1 > a; echo x > .gitignore; echo 1 > x");

	struct snapshot s = snap_untouched("r");

	cr_assert(s.dirty);
	assert_str(s.parent, "");
	assert_str(s.ref, "refs/heads/main");
	assert_str(files(s), ".gitignore\na");
	assert_str(git_in(s, "rev-list --count HEAD"), "1");
}

Test(snapshot, an_empty_repository_makes_an_empty_root_commit)
{
	(void)sh("git init -q r");

	struct snapshot s = snap_untouched("r");

	assert_str(s.tree, "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
	assert_str(files(s), "");
}

Test(snapshot, no_repository_makes_a_root_commit_of_what_is_not_ignored)
{
	(void)sh("mkdir -p d/sub; cd d; echo 1 > a; echo 1 > sub/b; echo '*.o' > .gitignore; echo "
		 "1 > c.o");

	struct snapshot s = snap("d");

	cr_assert(s.dirty);
	assert_str(s.parent, "");
	assert_str(s.ref, "refs/heads/main");
	assert_str(files(s), ".gitignore\na\nsub/b");
	cr_assert(access(at("d/.git").p, F_OK) < 0);
	(void)git_in(s, "fsck --no-dangling --no-progress");
}

Test(snapshot, an_empty_directory_without_repository)
{
	(void)sh("mkdir d");
	assert_str(files(snap("d")), "");
}

Test(snapshot, a_detached_head_and_its_tag)
{
	(void)sh("%s git checkout -q --detach; echo 1 > new", base);
	assert_str(snap_untouched("r").ref, "");
	(void)sh("cd r; git tag v1");
	assert_str(snap_untouched("r").ref, "refs/tags/v1");
}

Test(snapshot, a_linked_worktree)
{
	(void)sh("%s git worktree add -q ../w -b topic; cd ../w; echo 1 > new; "
		 "echo excluded > ../r/.git/info/exclude; echo 1 > excluded",
		 base);

	struct str before = fingerprint("r/.git");
	struct snapshot s = snap("w");

	cr_assert(str_eq(before, fingerprint("r/.git")));
	cr_assert(s.dirty);
	assert_str(s.ref, "refs/heads/topic");
	assert_str(files(s), ".gitignore\na\ndoc/d\nnew\nsrc/b\nsrc/deep/c");
}

Test(snapshot, submodules_are_the_commits_that_are_checked_out)
{
	(void)sh("%s cd ..; git init -q s; cd s; git submodule --quiet add ../r mod; "
		 "git commit -qm sub",
		 base);
	cr_assert(!snap_untouched("s").dirty);

	(void)sh("cd s/mod; echo changed > a");
	cr_assert(!snap_untouched("s").dirty, "changes inside a submodule are in no commit");

	(void)sh("cd s/mod; git commit -qam two; cd ..; echo 1 > new");
	assert_dirty_as_git("s");
}

Test(snapshot, a_submodule_that_is_not_checked_out)
{
	(void)sh("%s cd ..; git init -q s; cd s; git submodule --quiet add ../r mod; "
		 "git commit -qm sub; cd ..; git clone -q s t; cd t; echo 1 > new",
		 base);
	assert_dirty_as_git("t");
}

Test(snapshot, inside_a_submodule)
{
	(void)sh("%s cd ..; git init -q s; cd s; git submodule --quiet add ../r mod; "
		 "git commit -qm sub; cd mod; echo 1 > new",
		 base);

	struct snapshot s = snap("s/mod");

	assert_str(files(s), ".gitignore\na\ndoc/d\nnew\nsrc/b\nsrc/deep/c");
}

Test(snapshot, embedded_repositories_become_links_and_unborn_ones_stay_out)
{
	(void)sh("%s git init -q inner; cd inner; echo 1 > x; git add x; git commit -qm i; cd ..; "
		 "git init -q unborn; echo 1 > unborn/x; echo 1 > new",
		 base);

	struct snapshot s = snap_untouched("r");

	assert_str(git_in(s, arena_printf(&scratch.arena, "ls-tree %s inner", s.sha.p).p),
		   sh("cd r/inner; printf '160000 commit %%s\\tinner' $(git rev-parse HEAD)").p);
	assert_str(files(s), ".gitignore\na\ndoc/d\ninner\nnew\nsrc/b\nsrc/deep/c");
}

Test(snapshot, sparse_checkouts_keep_what_is_not_on_disk)
{
	/* Expanding a sparse index git renews the time stamps of trees, as with any command that
	 * has to. */
	const char *const ways[] = { "--cone --no-sparse-index", "--cone --sparse-index" };
	struct snapshot (*const make[])(const char *) = { snap_untouched, snap };

	for (size_t i = 0; i < 2; i++) {
		(void)sh("rm -rf r; %s git sparse-checkout set %s src >/dev/null 2>&1; test ! -e "
			 "doc; cd ..",
			 base, ways[i]);
		cr_assert(!snap_untouched("r").dirty);
		(void)sh("cd r; echo 1 > src/new; echo 2 > a; mkdir other; echo 1 > other/x");
		assert_str(files(make[i]("r")),
			   ".gitignore\na\ndoc/d\nother/x\nsrc/b\nsrc/deep/c\nsrc/new");

		/* Also when git itself has nothing to add. */
		(void)sh("cd r; rm -r other; git add .");
		assert_str(files(make[i]("r")), ".gitignore\na\ndoc/d\nsrc/b\nsrc/deep/c\nsrc/new");
	}
}

Test(snapshot, rules_that_a_sparse_checkout_left_out_still_count)
{
	(void)sh("%s echo '* text' > .gitattributes; git add .; git commit -qm attributes; "
		 "git sparse-checkout set --no-cone '/*' '!/.gitattributes' '!/.gitignore'; "
		 "test ! -e .gitignore; printf 'x\\r\\n' > a; echo 1 > no.log",
		 base);

	struct snapshot s = snap_untouched("r");

	assert_str(files(s), ".gitattributes\n.gitignore\na\ndoc/d\nsrc/b\nsrc/deep/c");
	assert_str(git_in(s, "cat-file -s HEAD:a"), "2");
}

Test(snapshot, huge_ignored_directories_are_not_read)
{
	(void)sh("%s echo junk/ >> .gitignore; mkdir -p junk; echo 1 > junk/x; "
		 "truncate -s 20G junk/huge; chmod 0 junk",
		 base);

	struct snapshot s = snap("r");

	(void)sh("chmod 700 r/junk");
	assert_str(files(s), ".gitignore\na\ndoc/d\nsrc/b\nsrc/deep/c");
}

Test(snapshot, a_read_only_repository)
{
	(void)sh("%s echo 1 > new; chmod -R a-w .", base);

	struct snapshot s = snap_untouched("r");

	assert_str(files(s), ".gitignore\na\ndoc/d\nnew\nsrc/b\nsrc/deep/c");
}

Test(snapshot, paths_with_blanks_and_other_letters)
{
	(void)sh("%s cd ..; mv r 'ein schöner ort: \"x\"'", base);
	(void)sh("echo 1 > 'ein schöner ort: \"x\"/new'");

	struct snapshot s = snap("ein schöner ort: \"x\"");

	assert_str(files(s), ".gitignore\na\ndoc/d\nnew\nsrc/b\nsrc/deep/c");
	assert_str(git_in(s, "log --format=%s HEAD"), "act-c: working tree\none");
}

Test(snapshot, a_directory_of_ours_inside_the_working_tree_stays_out)
{
	struct err err = ERR_INIT;
	struct snapshot s;

	(void)sh("%s mkdir state", base);

	struct repo_facts facts = facts_of("r");

	cr_assert(snapshot_make(&scratch.arena, &facts, at("r"), at("r/state/x"), &s, &err), "%s",
		  err.msg);
	cr_assert(!s.dirty);
	(void)sh("echo 1 > r/new");
	cr_assert(snapshot_make(&scratch.arena, &facts, at("r"), at("r/state/y"), &s, &err), "%s",
		  err.msg);
	assert_str(sh("git --git-dir r/state/y ls-tree --name-only HEAD"),
		   ".gitignore\na\ndoc\nnew\nsrc");
}

/* A snapshot of `name` by a look that was begun in `where` and has ended. */
static struct snapshot snap_ahead(const char *where, const char *name, const char *meanwhile)
{
	struct repo_facts facts = facts_of(name);
	struct err err = ERR_INIT;
	struct snapshot s;
	struct str dir = arena_printf(&scratch.arena, "%s/ahead%d", scratch.dir, scratch.made++);
	struct str ignored;

	cr_assert_eq(chdir(at(where).p), 0);

	struct status_ahead *ahead = status_begin(dir);
	const struct snapshot_spec spec = { .source = SNAPSHOT_WORK_TREE, .ahead = ahead };

	(void)status_of(ahead, STR_EMPTY, &ignored);
	(void)sh("%s", meanwhile);
	cr_assert(snapshot_make_of(&scratch.arena, &facts, &spec, dir, &s, &err), "%s", err.msg);
	cr_assert(snapshot_ready(&scratch.arena, &s, &err), "%s", err.msg);
	status_end(ahead);
	return s;
}

Test(snapshot, a_look_begun_before_counts)
{
	(void)sh("%s", base);
	/* What came after it was not there yet. */
	cr_assert(!snap_ahead("r/doc", "r", "echo 1 > r/new").dirty);
	assert_str(files(snap_ahead("r/doc", "r", "true")), ".gitignore\na\ndoc/d\nnew\nsrc/b\n"
							    "src/deep/c");
}

Test(snapshot, a_look_at_another_repository_does_not_count)
{
	(void)sh("%s cd ..; git init -q other; echo 1 > r/new", base);
	cr_assert(snap_ahead("other", "r", "true").dirty);
	cr_assert(snap_ahead(".", "r", "true").dirty);
	(void)sh("git init -q third; echo 1 > third/x");
	assert_str(files(snap_ahead("third", "third", "true")), "x");
}

Test(snapshot, borrowed_objects_and_shallow_clones)
{
	(void)sh("%s echo 2 > a; git commit -qam two; cd ..; git clone -q --shared r c; "
		 "git clone -q --depth 1 file://$PWD/r d; echo 1 > c/new; echo 1 > d/new",
		 base);

	struct snapshot s = snap_untouched("c");

	assert_str(git_in(s, "rev-list --count HEAD"), "3");
	(void)git_in(s, "fsck --no-dangling --no-progress");
	s = snap_untouched("d");
	assert_str(git_in(s, "rev-list --count HEAD"), "2");
	(void)git_in(s, "fsck --no-dangling --no-progress");
}

Test(snapshot, has_the_users_refs_and_a_view_of_the_remote_after_a_push)
{
	(void)sh(
		"%s git tag -a -m x v1; git branch stale; git branch other; cd ..; "
		"git clone -q r c; cd c; git branch -q local; git branch -q other --no-track HEAD; "
		"git commit -q --allow-empty -m ahead; git branch -q -f other; "
		"echo 1 > new; git stash -q -u; echo 1 > new",
		base);

	struct snapshot s = snap_untouched("c");
	struct str refs = git_in(s, "for-each-ref --format='%(refname)'");

	assert_str(refs, "refs/act-c/heads/local\nrefs/act-c/heads/main\nrefs/act-c/heads/other\n"
			 "refs/act-c/heads/stale\nrefs/heads/local\nrefs/heads/main\n"
			 "refs/heads/other\nrefs/remotes/origin/main\nrefs/remotes/origin/other\n"
			 "refs/remotes/origin/stale\nrefs/tags/v1");
	assert_str(git_in(s, "rev-parse refs/act-c/heads/main"), s.sha.p);
	assert_str(git_in(s, "rev-parse refs/act-c/heads/other"),
		   sh("cd r; git rev-parse other").p);
	assert_str(git_in(s, "rev-parse refs/heads/main"), sh("cd c; git rev-parse main").p);
}

Test(snapshot, the_callers_git_variables_do_not_leak_in)
{
	(void)sh("%s echo 1 > new; cd ..; git init -q other; touch other/x", base);
	(void)setenv("GIT_DIR", at("other/.git").p, 1);
	(void)setenv("GIT_INDEX_FILE", at("other/.git/index").p, 1);
	(void)setenv("GIT_OBJECT_DIRECTORY", at("other/.git/objects").p, 1);

	struct repo_facts facts = facts_of("r");
	struct err err = ERR_INIT;
	struct snapshot s;
	bool ok = snapshot_make(&scratch.arena, &facts, at("r"), at("leak"), &s, &err);

	(void)unsetenv("GIT_DIR");
	(void)unsetenv("GIT_INDEX_FILE");
	(void)unsetenv("GIT_OBJECT_DIRECTORY");
	cr_assert(ok, "%s", err.msg);
	assert_str(files(s), ".gitignore\na\ndoc/d\nnew\nsrc/b\nsrc/deep/c");
}

Test(snapshot, without_a_user_the_commit_is_act_cs)
{
	(void)sh("%s rm ../.gitconfig; echo 1 > new", base);

	struct repo_facts facts = facts_of("r");
	struct err err = ERR_INIT;
	struct snapshot s;

	facts.user_name = facts.user_email = STR_EMPTY;
	cr_assert(snapshot_make(&scratch.arena, &facts, at("r"), at("snap"), &s, &err), "%s",
		  err.msg);
	assert_str(s.author_name, "act-c");
	assert_str(git_in(s, "log -1 --format='%an <%ae>'"), "act-c <act-c@localhost>");
}

Test(snapshot, a_name_that_a_commit_cannot_hold)
{
	(void)sh("%s git config user.name ' <A>da '; echo 1 > new", base);

	struct snapshot s = snap("r");

	assert_str(git_in(s, "log -1 --format=%an"), "Ada");
	(void)git_in(s, "fsck --no-dangling --no-progress");
}

Test(snapshot, what_git_refuses_is_an_error_in_its_words)
{
	struct repo_facts facts;
	struct err err = ERR_INIT;
	struct snapshot s;

	(void)sh("%s git config core.safecrlf true; git config core.autocrlf input; "
		 "printf 'x\\r\\ny\\n' > mixed",
		 base);
	facts = facts_of("r");
	cr_assert(!snapshot_make(&scratch.arena, &facts, at("r"), at("snap"), &s, &err));
	cr_assert(strstr(err.msg, "CRLF would be replaced by LF in mixed"), "%s", err.msg);
	err_release(&err);
}

Test(snapshot, git_that_is_not_there_is_said)
{
	struct err err = ERR_INIT;
	struct snapshot s;

	(void)sh("%s", base);

	struct repo_facts facts = facts_of("r");
	char *path = strdup(getenv("PATH"));

	(void)setenv("PATH", "/nowhere", 1);

	bool ok = snapshot_make(&scratch.arena, &facts, at("r"), at("snap"), &s, &err);

	(void)setenv("PATH", path, 1);
	free(path);
	cr_assert(!ok);
	cr_assert_eq(err.kind, ERR_NOT_FOUND);
	cr_assert(strstr(err.msg, "git"), "%s", err.msg);
	err_release(&err);
}
