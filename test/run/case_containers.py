"""Job containers and services from outside: what is left, what leaks, how soon a job starts."""
import os
import signal
import time

from harness import docker, expect, quick_once, soon

SERVICES = '''on: push
jobs:
  long:
    runs-on: ubuntu-latest
    %s
    services:
      web:
        image: act-c-test:full
        volumes: ['named:/data', '/anonymous', '/var/tmp/x:/x']
        ports: ['8000:8000']
        entrypoint: sleep
        command: 300
    steps:
      - run: |
          echo ready-$((40 + 2))
          sleep 300
'''
WAITING = '''on: push
jobs:
  waits:
    runs-on: ubuntu-latest
    services:
      never:
        image: act-c-test:full
        entrypoint: sleep
        command: 300
        options: --health-cmd "sleep 1; false" --health-interval 0.1s --health-retries 1000
    steps: [{run: 'echo NOT-$((1 + 1))'}]
'''
SECRET = '''on: push
jobs:
  secret:
    runs-on: ubuntu-latest
    container:
      image: act-c-test:full
      env: {IN_JOB: '${{ secrets.S3CRET }}'}
    services:
      one:
        image: act-c-test:full
        env:
          PLAIN: ${{ secrets.S3CRET }}
          LINES: |
            first
            ${{ secrets.S3CRET }}
        entrypoint: sh
        command: -c "echo \\"$PLAIN\\"; echo \\"$LINES\\"; exec sleep 300"
    steps:
      - run: |
          test "$IN_JOB" = open-sesame-1
          echo ready-$((40 + 2))
          sleep 2
'''
SOON = '''on: push
jobs:
  soon:
    runs-on: ubuntu-latest
    services:
      one: &slow
        image: act-c-test:full
        entrypoint: sleep
        command: 300
        options: --health-cmd "sleep 1" --health-interval 0.2s
      two: *slow
    steps: [{run: date +at-%s.%N}]
'''


def run_until_ready(box, container=''):
    box.init(SERVICES % container)
    child = box.start('push')
    box.until('ready-42', child)
    expect(len([t for t in box.at_engine() if t.startswith('container')]) == 2, box.at_engine())
    expect([t for t in box.at_engine() if t.startswith('network')], 'no network of the job')
    return child


def test_interrupt_removes_services(box):
    child = run_until_ready(box)
    child.send_signal(signal.SIGINT)
    box.ends(child).exits(130)
    box.nothing_left()


def test_two_signals_remove_services(box):
    child = run_until_ready(box, 'container: act-c-test:full')
    box.interrupt_twice(child)
    box.ends(child).exits(130)
    box.nothing_left()


def test_workers_of_a_killed_run_remove_services(box):
    child = run_until_ready(box, 'container: act-c-test:full')
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    box.nothing_left()


def test_kill_is_swept_by_the_next_start(box):
    """Nothing of the run is alive that could clean up; the daemon still works on its containers."""
    child = run_until_ready(box, 'container: act-c-test:full')
    box.kill_all()
    child.wait()
    box.write('.github/workflows/test.yml', 'on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: "true"}]}}\n')

    def swept():
        box.run('push').exits(0)             # a start waits for the daemon, but only for so long
        return not box.at_engine()
    soon(swept, lambda: f'left: {box.at_engine()}')


def test_interrupt_while_services_are_waited_for(box):
    box.init(WAITING)
    child = box.start('push')
    soon(lambda: [t for t in box.at_engine() if t.startswith('container')], 'no service')
    time.sleep(1)
    child.send_signal(signal.SIGINT)
    result = box.ends(child)
    result.exits(130)
    result.lacks('NOT-2')
    box.nothing_left()


def test_secrets_of_containers(box):
    """In the log they are masked; they are on no command line, in no label, in no file left."""
    box.init(SECRET)
    child = box.start('push', env={'S3CRET': 'open-sesame-1'}, *['-s', 'S3CRET'])
    seen = ''
    while child.poll() is None:
        for pid in os.listdir('/proc'):
            if pid.isdigit():
                try:
                    with open(f'/proc/{pid}/cmdline', 'rb') as line:
                        text = line.read().replace(b'\0', b' ').decode('utf-8', 'replace')
                except OSError:
                    continue
                seen += text if 'open-sesame-1' in text else ''
        time.sleep(0.01)
    result = box.ends(child)
    result.exits(0)
    result.lacks('open-sesame-1')
    result.says('***')
    expect(not seen, f'on a command line: {seen[:300]}')
    box.shell('! grep -r open-sesame-1 "$XDG_STATE_HOME"')


def start_after_health(box):
    """How long after the last service became healthy the first step began."""
    since = str(int(time.time()) - 1)
    result = box.run('push')
    result.exits(0)
    stamps = [line.split('at-')[1].strip() for line in result.log.splitlines()
              if 'at-' in line and '%' not in line]
    at = float(stamps[0])
    lines = docker('events', f'--since={since}', f'--until={int(time.time()) + 1}',
                   '--filter', f'label=act-c.home={box.home_id()}',
                   '--format', '{{.TimeNano}} {{.Action}}').splitlines()
    healthy = max(int(l.split()[0]) for l in lines if l.endswith('health_status: healthy')) / 1e9
    expect(at >= healthy, f'the first step began {healthy - at:.3f} s before the services')
    return at - healthy


def test_job_starts_when_services_are_healthy(box):
    box.init(SOON)
    quick_once(0.5, lambda: start_after_health(box), tries=8)
