"""Actions where time and the store matter: fetched through git, cancelled, timed out, side by side."""
import contextlib
import glob
import http.server
import os
import signal
import subprocess
import threading

from harness import Result, expect

TOOLS = ('mkdir -p tools/bin; printf \'#!/bin/sh\\nexec sh "$@"\\n\' >tools/bin/node; chmod +x tools/bin/node')
SHELL_ACTION = 'runs: {using: node24, main: main.js, post: post.js}\n'
SLOW = '''runs:
  using: composite
  steps:
    - shell: bash
      run: |
        trap 'echo INT-$((1 + 1)); exit 3' INT
        echo ready-$((40 + 2))
        sleep 300 & wait
    - {shell: bash, run: 'echo NOT-$((1 + 1))'}
    - {if: cancelled(), shell: bash, run: 'echo CANCELLED-$((1 + 1))'}
    - {if: always(), shell: bash, run: 'echo ALWAYS-${{ github.action_status }}'}
'''
CANCELLED = '''on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: ./quick
      - uses: ./slow
      - uses: ./quick
'''
REMOTE = '''on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - uses: octo/lib/stages@v1
        with: {id: linked}
      - run: test -L ../../_actions/octo/lib/v1 && test ! -w ../../_actions/octo/lib/v1/action.yml
  b:
    runs-on: ubuntu-latest
    steps:
      - uses: octo/lib@v1
      - run: test ! -L ../../_actions/octo/lib/v1 && test -w ../../_actions/octo/lib/v1/action.yml
  local:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: ./outer
  other:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v1
        with: {repository: octo/other}
'''
OUTER = '''runs:
  using: composite
  steps: [{uses: octo/lib/stages@v1, with: {id: found late}}]
'''


def add_quick(box):
    box.write('quick/action.yml', SHELL_ACTION)
    box.write('quick/main.js', 'echo MAIN-$((1 + 1))\n')
    box.write('quick/post.js', 'echo POST-$((1 + 1))\n')


def test_cancel_ends_the_step_of_a_composite_and_posts_run(box):
    add_quick(box)
    box.write('slow/action.yml', SLOW)
    box.init(CANCELLED, before=TOOLS)
    child = box.start('--node', 'tools')
    box.until('ready-42', child)
    os.kill(child.pid, signal.SIGINT)
    result = box.ends(child)
    result.exits(130)
    result.says('INT-2', 'CANCELLED-2', 'ALWAYS-cancelled', 'MAIN-2', 'POST-2')
    result.lacks('NOT-2')
    expect(result.log.count('MAIN-2') == 1 and result.log.count('POST-2') == 1,
           f'not one main and its post\n{result.tail()}')


def library(box):
    """A repository octo/lib with a tag v1, reached through git's insteadOf. Its action's main is made
    to have no pre, which would want a copy."""
    lib = f'{box.dir}/lib'
    box.shell(f'cp -r "$ACTC_TESTDATA/run/actions/lib" {lib}; cd {lib}; git init -q -b main; '
              f'sed -i "s/pre: main.js, //; s/, pre-if: [^}}]*}}/}}/" stages/action.yml; '
              f'git add -A; git commit -qm lib; git tag v1')
    checkout = f'{box.dir}/checkout'
    box.shell(f'cp -r {lib}/stages {checkout}; cd {checkout}; git init -q -b main; '
              f'printf "inputs: {{id: {{}}, repository: {{}}}}\nruns: {{using: node24, main: main.js}}\n" >action.yml; '
              f'git add -A; git commit -qm checkout; git tag v1')
    return {'GIT_CONFIG_COUNT': '2', 'GIT_CONFIG_KEY_0': f'url.file://{lib}.insteadOf',
            'GIT_CONFIG_VALUE_0': 'https://github.com/octo/lib',
            'GIT_CONFIG_KEY_1': f'url.file://{checkout}.insteadOf',
            'GIT_CONFIG_VALUE_1': 'https://github.com/actions/checkout'}


def test_fetched_actions_are_shown_and_run_without_the_network_then(box):
    box.write('outer/action.yml', OUTER)
    box.init(REMOTE, before=TOOLS)
    git = library(box)
    box.write('tools/bin/node', '#!/bin/sh\necho "stage of $INPUT_ID$INPUT_REPOSITORY"\n', 0o755)
    first = box.run('--node', 'tools', env=git)
    first.exits(0)
    first.says("Download action repository 'octo/lib@v1' (SHA:", 'stage of linked', 'stage of found late',
               'are being forced to run on Node.js 24: octo/lib/stages@v1.', 'Complete job',
               "Download action repository 'actions/checkout@v1' (SHA:", 'stage of octo/other')
    second = box.run('--node', 'tools', '--offline', '-j', 'a', '--json')
    second.exits(0)
    expect(second.events('step.finished', step='post-1'), 'no post step')


@contextlib.contextmanager
def archives(directory):
    """Serves the directory by HTTP: what is asked for, and the address."""
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=directory)

        def log_message(self, *args):
            asked.append(self.path)

    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield asked, f'http://127.0.0.1:{server.server_port}'
        server.shutdown()


def test_a_server_gives_an_archive(box):
    """libcurl is loaded into a process that has read the repository by libgit2."""
    commit = '1234567890' * 4
    site = f'{box.dir}/site'
    box.init(f'on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{{uses: octo/far@{commit}}}]\n')
    box.shell(f'mkdir -p {site}/octo/far/archive {site}/far; cd {site}; echo "runs: {{using: composite, steps: [{{run: '
              f'echo FAR-\\$((1 + 1)), shell: sh}}]}}" > far/action.yml; tar -czf octo/far/archive/{commit}.tar.gz far')
    with archives(site) as (asked, url):
        result = box.run('--github-instance', url)
    result.exits(0)
    result.says('FAR-2')
    expect(asked == [f'/octo/far/archive/{commit}.tar.gz'], asked)


def without_route(box, *args):
    """act-c run ARGS where there is no network but the engine's socket; None where that takes root."""
    if os.geteuid() != 0:
        return None
    done = subprocess.run(['unshare', '-n', *box.command(*args)], cwd=box.repo, env=box.env, capture_output=True,
                          text=True, timeout=240, stdin=subprocess.DEVNULL)
    return Result(done.returncode, done.stdout, done.stderr, 0)


def test_offline_where_there_is_no_route(box):
    box.write('outer/action.yml', OUTER)
    box.init(REMOTE, before=TOOLS)
    git = library(box)
    box.write('tools/bin/node', '#!/bin/sh\necho "stage of $INPUT_ID"\n', 0o755)
    args = ('--node', 'tools', '--offline', '-j', 'a')
    missing = without_route(box, *args)
    if missing is None:
        print('skipped: without root there is no machine without a route')
        return
    missing.exits(1)
    missing.says('octo/lib@v1', '--offline')
    box.run('--node', 'tools', '-j', 'a', env=git).exits(0)
    there = without_route(box, *args)
    there.exits(0)
    there.says('stage of linked')


def test_processes_that_fetch_one_action_at_once(box):
    box.init(REMOTE)
    git = library(box)
    fetch = [subprocess.Popen([box.act_c, 'actions', 'fetch', 'octo/lib@v1'], cwd=box.repo, env=dict(box.env, **git),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(8)]
    for child in fetch:
        said = child.communicate(timeout=240)[0]
        expect(child.returncode == 0, f'fetching side by side: {said}')
    commit = box.git('rev-parse', 'v1', cwd=f'{box.dir}/lib')
    found = sorted(os.path.relpath(path, f'{box.dir}/cache/act-c/actions')
                   for path in glob.glob(f'{box.dir}/cache/act-c/actions/**/action.yml', recursive=True))
    expect(found and all(commit in path for path in found), f'not one copy of {commit}: {found}')
    expect(len(found) == len(set(path[path.index(commit):] for path in found)), f'more than one copy: {found}')


def test_a_composite_in_the_background_holds_up_nothing(box):
    box.write('waits/action.yml', 'runs:\n  using: composite\n  steps:\n'
              '    - {shell: bash, run: "for i in $(seq 1000); do test -e go && exit; sleep 0.1; done; exit 1"}\n'
              '    - {shell: bash, run: "echo v=went >> $GITHUB_OUTPUT", id: s}\n'
              'outputs: {v: {value: "${{ steps.s.outputs.v }}"}}\n')
    box.init('''on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - {id: w, uses: ./waits, background: true}
      - run: touch go
      - {wait: w}
      - run: test "${{ steps.w.outputs.v }}" = went
''')
    box.run().exits(0)
