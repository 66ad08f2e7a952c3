"""Output that is large, endless, or goes nowhere: bounded memory, no line lost, no hang."""
import glob
import json
import subprocess
import threading
import time

from harness import Failure, expect

ONE_STEP = '''on: push
jobs:
  print:
    runs-on: ubuntu-latest
    steps:
      - name: Print
        run: %s
'''
LINE = 'x' * 99


def resident(box):
    """The largest resident set of act-c's own processes, in kB."""
    largest = 0
    for path in glob.glob('/proc/[0-9]*/environ'):
        try:
            with open(path, 'rb') as environ, open(path.replace('environ', 'status'), encoding='ascii') as status:
                fields = dict(line.split(':', 1) for line in status)
                if box.env['XDG_STATE_HOME'].encode() in environ.read() and fields['Name'].strip() == 'act-c':
                    largest = max(largest, int(fields['VmRSS'].split()[0]))
        except (OSError, KeyError, ValueError):
            pass
    return largest


def run_watched(box, *args, **kwargs):
    """The result, and the most memory that a process of act-c's held meanwhile."""
    most, stop = [0], threading.Event()

    def watch():
        while not stop.is_set():
            most[0] = max(most[0], resident(box))
            time.sleep(0.05)
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        return box.run(*args, **kwargs), most[0]
    finally:
        stop.set()
        watcher.join()


def test_50_mb_on_one_line(box):
    box.init(ONE_STEP % "head -c 50000000 /dev/zero | tr '\\0' x")
    result, most = run_watched(box, 'push', '--json')
    result.exits(0)
    printed = sum(e['line'].count('x') for e in result.events('step.log') if e['line'].startswith('xxxx'))
    expect(printed == 50_000_000, f'{printed} of 50000000 characters arrived')
    expect(most < 80_000, f'a process of act-c held {most} kB')


def test_a_fast_printer_does_not_fill_memory(box):
    box.init(ONE_STEP % f'yes {LINE} | head -c 100000000')
    result, most = run_watched(box, 'push')
    result.exits(0)
    expect(result.out.count(LINE) >= 100_000_000 // 100, 'lines are missing')
    expect(most < 80_000, f'a process of act-c held {most} kB')


def test_a_slow_reader_blocks_the_step(box):
    """act-c waits for whoever reads its output, and so does the step: nothing is held in memory."""
    box.init(ONE_STEP % f'yes {LINE} | head -c 100000000')
    child = subprocess.Popen(box.command('push'), cwd=box.repo, env=box.env, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    box.children.append(child)
    time.sleep(5)
    most = resident(box)
    expect(child.poll() is None, 'ended although nobody read')
    expect(most < 80_000, f'a process of act-c held {most} kB')
    count = 0
    for line in child.stdout:
        count += LINE.encode() in line
    child.stdout.close()
    expect(child.wait(240) == 0, f'exit {child.returncode}')
    expect(count >= 100_000_000 // 100, f'{count} lines arrived')


def test_reader_that_goes_away(box):
    box.init(ONE_STEP % 'for i in $(seq 2000); do echo line $i; done; sleep 1')
    done = subprocess.run(' '.join(f"'{word}'" for word in box.command('push')) + ' | head -n 3', shell=True,
                          cwd=box.repo, env=box.env, capture_output=True, text=True, timeout=240)
    expect(len(done.stdout.splitlines()) == 3, done.stdout)


def test_full_standard_output(box):
    box.init(ONE_STEP % 'echo hello')
    with open('/dev/full', 'wb') as full:
        done = subprocess.run(box.command('push'), cwd=box.repo, env=box.env, stdin=subprocess.DEVNULL,
                              stdout=full, stderr=subprocess.PIPE, text=True, timeout=240)
    expect(done.returncode == 0, f'exit {done.returncode}: {done.stderr}')
    expect('No space left' in done.stderr, f'no warning: {done.stderr}')


def test_json_is_only_json(box):
    box.init('''on: push
jobs:
  build:
    runs-on: ubuntu-latest
    strategy: {matrix: {v: [1, 2]}}
    steps:
      - uses: actions/checkout@v4
      - run: |
          echo "quote \\" back \\\\ tab	bell $(printf '\\a') nul $(printf 'x\\0y' | tr '\\0' '?')"
          printf '\\033[31mred\\033[0m \\342\\200\\250 \\360\\237\\231\\202\\n'
          echo "::warning file=a.py,line=1::w"
  fails:
    runs-on: ubuntu-latest
    steps: [{run: exit 9}]
  skipped:
    needs: fails
    runs-on: ubuntu-latest
    steps: [{run: 'true'}]
  windows:
    runs-on: windows-latest
    steps: [{run: 'true'}]
''')
    result = box.run('push', '--json')
    result.exits(1)
    events = result.events()                 # each line is JSON and fits the schema
    expect([e['seq'] for e in events] == list(range(1, len(events) + 1)), 'seq has gaps')
    expect(events[0]['event'] == 'run.started' and events[-1]['event'] == 'run.finished', 'first or last')
    expect(events[-1]['exit_code'] == 1, f'{events[-1]}')
    expect({e['v'] for e in events} == {1}, 'v')
    kept = box.kept_events()
    expect(kept == events, 'the run directory holds other events than --json printed')
    for kind in ('run.planned', 'job.started', 'job.finished', 'job.skipped', 'job.not_rehearsed',
                 'step.started', 'step.finished', 'step.annotation', 'step.log'):
        expect(any(e['event'] == kind for e in events), f'no {kind}')
    failed = next(e for e in events if e['event'] == 'step.finished' and e.get('exit_code') == 9)
    expect(failed['job'] == 'fails' and failed['outcome'] == 'failure', f'{failed}')


def test_escape_codes_do_no_harm_in_a_pipe(box):
    box.init(ONE_STEP % "printf 'a\\033]0;title\\007b\\033[2Jc\\rd\\n'")
    result = box.run('push')
    result.exits(0)
    expect('\x1b' not in result.out, 'an escape code went into a pipe')


def test_events_of_a_long_log_are_bounded(box):
    box.init(ONE_STEP % f'yes {LINE} | head -c 200000000')
    box.run('push').exits(0)
    path = glob.glob(f'{box.dir}/state/act-c/runs/*/events.ndjson')[0]
    with open(path, 'rb') as content:
        size = content.seek(0, 2)
        content.seek(0)
        first = json.loads(content.readline())
    if size > 100_000_000:
        raise Failure(f'the kept events are {size} bytes')
    expect(first['event'] == 'run.started', f'{first}')
