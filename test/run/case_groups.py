"""Concurrency groups between act-c processes of one repository."""
import os
import signal
import subprocess

from harness import PATIENCE, expect, soon

HOST = ('--engine', 'host', '-P', 'ubuntu-latest=-self-hosted')


def workflow(extra='', job='', seconds=4 * PATIENCE):
    return f"""on: push
{extra}
jobs:
  deploy:
    runs-on: ubuntu-latest
    {job}
    steps:
      - run: |
          echo started >> "$LOG"
          for i in $(seq {seconds * 10}); do test -e "$LOG.stop" && break; sleep 0.1; done
          echo ended >> "$LOG"
"""


class Runs:
    """act-c processes of one repository; each job writes when it starts and ends."""

    def __init__(self, box, files):
        self.box = box
        box.init()
        for name, text in files.items():
            box.write(f'.github/workflows/{name}.yml', text)
        box.git('add', '-A')
        box.git('commit', '-q', '-m', 'Workflows')

    def start(self, name, tag):
        out = open(f'{self.box.dir}/{tag}.out', 'wb')
        command = self.box.command('push', '-W', f'.github/workflows/{name}.yml', *HOST,
                                   '--env', f'LOG={self.box.dir}/{tag}', image=None)
        child = subprocess.Popen(command, cwd=self.box.repo, env=self.box.env, stdin=subprocess.DEVNULL,
                                 stdout=out, stderr=out, start_new_session=True)
        out.close()
        self.box.children.append(child)
        return child

    def text(self, tag):
        try:
            with open(f'{self.box.dir}/{tag}', encoding='utf-8', errors='replace') as log:
                return log.read()
        except FileNotFoundError:
            return ''

    def until(self, tag, text):
        soon(lambda: text in self.text(tag),
             lambda: f'no {text!r} in {tag}: {self.text(tag)}\n{self.text(tag + ".out")}')

    def stop(self, tag):
        open(f'{self.box.dir}/{tag}.stop', 'w', encoding='ascii').close()

    def ends(self, child, status, tag):
        soon(lambda: child.poll() is not None, lambda: f'{tag} does not end\n{self.text(tag + ".out")}')
        expect(child.returncode == status, f'{tag}: exit status {child.returncode}\n{self.text(tag + ".out")}')


def test_one_after_the_other(box):
    runs = Runs(box, {'a': workflow('concurrency: deploy'), 'b': workflow(job='concurrency: {group: DEPLOY}')})
    first = runs.start('a', 'one')
    runs.until('one', 'started')
    second = runs.start('b', 'two')
    runs.until('two.out', 'waits: the concurrency group DEPLOY is taken by the run')
    third = runs.start('a', 'three')
    runs.ends(second, 1, 'two')                   # the newest of those that wait replaces it
    expect('a newer one of the concurrency group' in runs.text('two.out'), runs.text('two.out'))
    runs.until('three.out', 'waits')
    expect('started' not in runs.text('two') + runs.text('three'), 'two run at once')
    runs.stop('one')
    runs.until('three', 'started')
    runs.stop('three')
    runs.ends(first, 0, 'one')
    runs.ends(third, 0, 'three')


def test_a_killed_run_makes_room(box):
    runs = Runs(box, {'a': workflow('concurrency: deploy')})
    first = runs.start('a', 'one')
    runs.until('one', 'started')
    second = runs.start('a', 'two')
    runs.until('two.out', 'waits')
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    runs.until('two', 'started')
    runs.stop('two')
    runs.ends(second, 0, 'two')


def test_cancel_in_progress(box):
    runs = Runs(box, {'a': workflow('concurrency: {group: deploy, cancel-in-progress: true}')})
    first = runs.start('a', 'one')
    runs.until('one', 'started')
    second = runs.start('a', 'two')
    runs.until('two', 'started')
    runs.ends(first, 1, 'one')
    expect('a newer one of the concurrency group deploy' in runs.text('one.out'), runs.text('one.out'))
    runs.stop('two')
    runs.ends(second, 0, 'two')


def test_a_long_queue(box):
    runs = Runs(box, {'a': workflow(job='concurrency: {group: deploy, queue: max}')})
    children = []
    for n in range(4):
        children.append(runs.start('a', f'{n}'))
        runs.until(*(('0', 'started') if n == 0 else (f'{n}.out', 'waits')))
    for n, child in enumerate(children):
        runs.until(f'{n}', 'started')
        expect(not any('started' in runs.text(f'{later}') for later in range(n + 1, 4)), 'out of order')
        runs.stop(f'{n}')
        runs.ends(child, 0, f'{n}')


def test_other_repositories_are_not_waited_for(box):
    runs = Runs(box, {'a': workflow('concurrency: deploy')})
    first = runs.start('a', 'one')
    runs.until('one', 'started')
    box.git('remote', 'set-url', 'origin', 'https://github.com/octo/other.git')
    second = runs.start('a', 'two')
    runs.until('two', 'started')
    for tag, child in (('one', first), ('two', second)):
        runs.stop(tag)
        runs.ends(child, 0, tag)


def test_a_cancelled_run_waits_no_more(box):
    """Whatever its jobs' conditions say: a file whose turn never came runs nothing."""
    runs = Runs(box, {'a': workflow('concurrency: deploy', job='if: always()')})
    first = runs.start('a', 'one')
    runs.until('one', 'started')
    second = runs.start('a', 'two')
    runs.until('two.out', 'waits')
    second.send_signal(signal.SIGINT)
    runs.ends(second, 130, 'two')
    expect('started' not in runs.text('two'), runs.text('two.out'))
    runs.stop('one')
    runs.ends(first, 0, 'one')
