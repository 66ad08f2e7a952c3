"""The podman engine: the same jobs as on docker, from the same code.

Skipped, with a line that says so, where podman cannot start a container of the test image (it needs
`docker save act-c-test:full | podman load`, and in a container a containers.conf of its own)."""
import shutil
import subprocess

from harness import expect

IMAGE = 'act-c-test:full'
WORKFLOW = '''\
on: push
jobs:
  first:
    runs-on: ubuntu-latest
    outputs:
      x: ${{ steps.set.outputs.x }}
    steps:
      - uses: actions/checkout@v4
      - id: set
        run: echo "x=$(git rev-parse HEAD | cut -c1-7)" >> "$GITHUB_OUTPUT"
      - run: test -z "$(git status --porcelain)"
  second:
    needs: first
    runs-on: ubuntu-latest
    steps:
      - run: echo "got-${{ needs.first.outputs.x }}"
'''


def podman(*args):
    return subprocess.run(['podman', *args], capture_output=True, text=True, timeout=120)


def usable():
    if not shutil.which('podman'):
        return False
    return podman('run', '--rm', '--pull=never', '--entrypoint=/bin/true', IMAGE).returncode == 0


def test_podman_runs_jobs_and_leaves_nothing(box):
    if not usable():
        print('skipped: podman cannot start a container of', IMAGE)
        return
    box.init(WORKFLOW)
    result = box.run('push', '--engine', 'podman', '-P', f'ubuntu-latest={IMAGE}')
    result.exits(0)
    result.says(f'got-{box.git("rev-parse", "HEAD")[:7]}', 'engine podman')
    left = podman('ps', '--all', '--filter=label=act-c.run', '--format={{.ID}}').stdout
    expect(left == '', f'left at podman: {left}')
