"""Which files of a push run: filters against a real repository and a real engine."""
from harness import expect

MAIN = '''on:
  push:
    branches: [main]
    paths: ['src/**']
jobs:
  ok:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with: {fetch-depth: 0}
      - run: git diff --name-only ${{ github.event.before }} HEAD | sed 's/^/seen-/'
'''


def test_a_push_runs_what_its_filters_let(box):
    box.init(MAIN)
    box.write('src/a.c', 'int a;\n')
    result = box.run('push')
    result.exits(0)
    result.says('seen-src/a.c')


def test_an_excluded_push_exits_5_and_says_why(box):
    box.init(MAIN)
    box.write('README', 'x\n')
    result = box.run('push')
    result.exits(5)
    result.says('paths', 'src/**', 'README')
    expect(not box.at_engine(), 'an excluded run reached the engine')
    forced = box.run('push', '--no-filters')
    forced.exits(0)
    forced.says('seen-README')
