# A thousand lines of 100 bytes on average, such as builds, installers, servers and tests print.
BEGIN {
	for (i = 1; i <= 1000; i++) {
		kind = i % 10
		if (kind == 0)
			printf "[%4d/1000] Building C object src/CMakeFiles/app.dir/core/module_%d.c.o with warnings on\n", i, i
		if (kind == 1)
			printf "npm http fetch GET 200 https://registry.npmjs.org/package-name-%d/-/package-%d.tgz 43ms (cache hit)\n", i, i
		if (kind == 2)
			printf "    \342\234\223 handles case number %d of the parser's table without any error, as it did before (%d ms)\n", i, i % 7
		if (kind == 3)
			printf "2026-11-28T11:12:13.%03dZ INFO  server.http request id=%d method=GET path=/api/v1/items/%d status=200\n", i, i, i
		if (kind == 4)
			printf "Get:%d http://deb.debian.org/debian bookworm/main amd64 libpackage-name%d amd64 12.%d-1 [123 kB]\n", i, i, i
		if (kind == 5)
			printf "   Compiling crate-name-%d v0.%d.1 (/home/runner/work/demo/demo/crates/crate-%d) with 12 features\n", i, i, i
		if (kind == 6)
			printf "ok  \tgithub.com/octo/demo/internal/package%d\t0.0%ds\tcoverage: 87.%d%% of statements in all files\n", i, i % 9, i % 9
		if (kind == 7)
			printf "tests/unit/test_module_%d.py::TestClass::test_method_%d PASSED                              [ %2d%%]\n", i, i, i % 100
		if (kind == 8)
			printf "#%d [stage-1 %d/12] RUN apt-get install -y --no-install-recommends package-%d && rm -rf /var/lib\n", i, i % 12, i
		if (kind == 9)
			printf "added %d packages, and audited %d packages in 3s; run `npm fund` for details about all of them\n", i, i
	}
}
