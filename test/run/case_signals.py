"""Ctrl-C, SIGTERM and kill -9: what still runs, how soon it ends, and that nothing is left."""
import os
import random
import shutil
import signal
import time

from harness import NOTICED, docker, expect, quick_once, soon

STEPS = '''on: push
jobs:
  long:
    runs-on: ubuntu-latest
    steps:
      - name: Obeys
        shell: bash
        run: |
          trap 'echo INT-$((1 + 1)); exit 3' INT
          echo ready-$((40 + 2))
          sleep 300 & wait
      - name: Not any more
        run: echo NOT-$((1 + 1))
      - name: On cancel
        if: cancelled()
        run: echo CANCELLED-$((1 + 1))
      - name: Always
        if: always()
        run: echo ALWAYS-${{ job.status }}
  next:
    needs: long
    runs-on: ubuntu-latest
    steps: [{run: exit 1}]
'''
STUBBORN = '''on: push
jobs:
  stubborn:
    runs-on: ubuntu-latest
    steps:
      - name: Ignores everything
        shell: bash
        run: |
          trap '' INT TERM
          setsid sleep 300 &
          echo ready-$((40 + 2))
          while :; do sleep 1; done
'''
BUSY = '''on: push
jobs:
  one:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: for i in $(seq 30); do echo line $i; sleep 0.1; done
      - run: setsid sleep 300 & sleep 300
  two:
    runs-on: ubuntu-latest
    strategy: {matrix: {v: [1, 2]}}
    steps: [{run: sleep 300}]
'''


def interrupt(box, signo, status):
    box.init(STEPS)
    child = box.start('push')
    box.until('ready-42', child)
    child.send_signal(signo)
    result = box.ends(child)
    result.exits(status)
    result.says('CANCELLED-2', 'ALWAYS-cancelled', 'Obeys')
    result.lacks('NOT-2')
    return result


def test_sigint_cancels_as_github_does(box):
    result = interrupt(box, signal.SIGINT, 130)
    result.says('INT-2')                     # the whole process group got it
    events = box.kept_events()
    cancelling = [e for e in events if e['event'] == 'run.cancelling']
    expect(cancelling and 'Obeys' in str(cancelling[0].get('running')), f'run.cancelling: {cancelling}')
    last = events[-1]
    expect(last['event'] == 'run.finished' and last['exit_code'] == 130, f'last event: {last}')


def test_sigterm_cancels_too(box):
    interrupt(box, signal.SIGTERM, 143)


# The real docker, whose machines wait to be started.
HELD = '''#!/bin/sh
test "$1" != run || { : >"$0.starts"; until test -e "$0.go"; do sleep 0.05; done; }
exec %s "$@"
'''


def test_cancelled_before_the_first_step(box):
    """What is asked while the machine is started is known when the first step's condition is looked at."""
    box.init(STEPS)
    held = f'{box.dir}/bin/docker'
    box.write(held, HELD % shutil.which('docker'), 0o755)
    child = box.start('push', env={'PATH': f'{box.dir}/bin:{box.env["PATH"]}'})
    soon(lambda: os.path.exists(f'{held}.starts'), lambda: f'no machine is started\n{box.output()}')
    child.send_signal(signal.SIGINT)
    box.until('Cancelling', child)
    box.write(f'{held}.go', '')
    result = box.ends(child)
    result.exits(130)
    result.lacks('ready-42')
    states = {e['name']: e['conclusion'] for e in box.kept_events() if e['event'] == 'step.finished'}
    expect(states.get('Obeys', 'skipped') == 'skipped' and states.get('Always', 'success') == 'success', f'{states}')


def test_stubborn_step_ends_within_12_seconds(box):
    def attempt():
        child = box.start('push')
        box.until('ready-42', child)
        child.send_signal(signal.SIGINT)
        result = box.ends(child)
        result.exits(130)
        result.says('again')                 # how to stop at once
        box.nothing_left()
        return result.seconds
    box.init(STUBBORN)
    quick_once(12, attempt)


def test_second_signal_ends_at_once(box):
    """With one, the step would live for 10 s."""
    def attempt():
        child = box.start('push')
        box.until('ready-42', child)
        box.interrupt_twice(child)
        result = box.ends(child)
        result.exits(130)
        box.nothing_left()
        return result.seconds
    box.init(STUBBORN)
    quick_once(5, attempt)


def running(box):
    """Containers that run (one that was made but never started is left to the next start), and
    processes."""
    alive = docker('ps', '-q', '--filter', f'label=act-c.home={box.home_id()}').split()
    return [f'container {c}' for c in alive] + box.processes()


def test_kill_9_leaves_no_container(box):
    box.init(STUBBORN)
    child = box.start('push')
    box.until('ready-42', child)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    soon(lambda: not running(box), lambda: f'{running(box)}', NOTICED)


def test_workers_end_with_the_supervisor(box):
    """Killed before a step is reached, at any point of the start."""
    box.init(BUSY)
    for delay in (0.02, 0.1, 0.25):
        child = box.start('push')
        time.sleep(delay)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        soon(lambda: not box.processes(), lambda: f'{box.processes()}', NOTICED)


def test_sigint_counts_where_it_was_ignored_and_nohup_holds(box):
    box.init('on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n'
             '    steps: [{run: echo ready-$((41 + 1)); sleep 300}]\n')
    command = ['sh', '-c', 'trap "" INT HUP; exec "$@"', 'sh']
    child = box.start('push', before=command)
    box.until('ready-42', child)
    os.kill(child.pid, signal.SIGHUP)
    time.sleep(1)
    expect(child.poll() is None, f'hung up\n{box.output()}')
    os.kill(child.pid, signal.SIGINT)
    box.ends(child).exits(130)


def moments(box, signo, rounds):
    """Signals at random moments; after each, nothing is left (for SIGKILL: by the next start)."""
    seed = int.from_bytes(os.urandom(4), 'big')
    rng = random.Random(seed)
    box.init(BUSY)
    for _ in range(rounds):
        delay = rng.uniform(0.01, 4)
        child = box.start('push', '--jobs', '3')
        time.sleep(delay)
        expect(child.poll() is None, f'ended by itself: {child.returncode}\n{box.output()}')
        os.kill(child.pid, signo)
        result = box.ends(child)
        if signo != signal.SIGKILL:
            # Before there is anything to cancel the signal itself ends it, which a shell calls the same.
            expect(result.status in (128 + signo, -signo), f'seed {seed}, {delay:.3f} s: exit {result.status}\n{result.tail()}')
            box.nothing_left()
        else:
            soon(lambda: not running(box), lambda: f'seed {seed}, {delay:.3f} s: {running(box)}', NOTICED)


def test_sigint_at_random_moments(box):
    moments(box, signal.SIGINT, 6)


def test_kill_9_at_random_moments(box):
    moments(box, signal.SIGKILL, 6)
    box.git('rm', '-rqf', '.github')
    box.write('.github/workflows/ok.yml', 'on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n'
              '    steps: [{run: "true"}]\n')
    box.run('push').exits(0)                 # sweeps what the killed runs left
    box.nothing_left()
