"""Secrets: random ones, printed in every registered form, are nowhere to be found afterwards."""
import base64
import glob
import html
import json
import os
import random
import string
import threading
import time
import urllib.parse

from harness import expect, soon

WORKFLOW = '''on: push
jobs:
  print:
    name: Print ${{ github.event_name }}
    runs-on: ubuntu-latest
    outputs:
      leak: ${{ steps.forms.outputs.leak }}
    env:
      ONE: ${{ secrets.ONE }}
      TWO: ${{ secrets.TWO }}
      LINES: ${{ secrets.LINES }}
      ODD: ${{ secrets.ODD }}
    steps:
      - uses: actions/checkout@v4
      - name: Every form
        id: forms
        run: python3 forms.py
      - name: Named after ${{ env.ONE }}
        run: sleep 1
      - name: In the script itself
        continue-on-error: true
        run: |
          : '${{ secrets.TWO }}'
          echo "::error title=$TWO::about $ONE"
          echo "::group::$ONE"
          echo "::endgroup::"
          echo "leak=$ONE" >> "$GITHUB_OUTPUT"
          echo "$TWO" >> "$GITHUB_STEP_SUMMARY"
          printf '%s' "$ONE" "$TWO"
          exit 1
      - name: A file command that is wrong
        continue-on-error: true
        run: |
          echo "no sign $ONE" >> "$GITHUB_ENV"
          echo "$TWO" >> "$GITHUB_OUTPUT"
          printf 'S<<%s\\n%s\\n' "$ONE" "$TWO" >> "$GITHUB_STATE"
      - name: Commands that are wrong
        continue-on-error: true
        run: |
          echo "::set-output::$ONE"
          echo "::echo::$TWO"
          echo "::debug::$ONE $ODD"
          echo "::notice file=$ONE,line=1,title=$TWO::$ODD"
          echo "##[warning]$TWO"
          echo "::stop-commands::pause-logging $ONE"
          echo "::add-matcher::$ONE"
      - name: An expression that fails
        continue-on-error: true
        run: echo '${{ fromJSON(secrets.TWO) }}'
      - name: A place that is not there
        continue-on-error: true
        working-directory: ${{ secrets.ONE }}
        run: exit 0
      - name: An action that is not there
        continue-on-error: true
        uses: ./actions/missing
        with: {key: "${{ secrets.TWO }}"}
      - name: Added later
        run: |
          added=$(printf '%s' "$ONE" | rev)-added
          echo "::add-mask::$added"
          echo "is $added hidden"
          echo "$added" > added
      - run: cat added; echo; echo "leak=$(cat added)" >> "$GITHUB_OUTPUT"
      - name: Skipped ${{ secrets.ONE }}
        run: exit 1
        if: false
'''
FORMS = '''
import base64, html, json, os, sys, urllib.parse
for name in ('ONE', 'TWO', 'ODD', 'LINES'):
    secret = os.environ[name]
    data = secret.encode()
    forms = [secret, base64.b64encode(data).decode(), base64.b64encode(data[1:]).decode(),
             base64.b64encode(data[2:]).decode(), json.dumps(secret, ensure_ascii=False)[1:-1],
             secret.replace('"', '\\\\"'), secret.replace("'", "''"),
             urllib.parse.quote(secret, safe='-._~'),
             secret.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')
                   .replace('"', '&quot;').replace("'", '&apos;')]
    for form in forms:
        print('before', form, 'after')
        print('glued' + form + form + 'glued', file=sys.stderr)
        sys.stdout.write(form[:3]); sys.stdout.flush(); sys.stdout.write(form[3:] + chr(10))
with open(os.environ['GITHUB_OUTPUT'], 'a') as out:
    print('leak=' + os.environ['ONE'], file=out)
'''


def forms_of(secret):
    """What must not be seen, computed apart from the script above."""
    data = secret.encode()
    yield secret
    for skip in range(3):
        yield base64.b64encode(data[skip:]).decode()
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield urllib.parse.quote(secret, safe='-._~')
    yield html.escape(secret, quote=False)
    if '\n' in secret:
        yield from (line for line in secret.split('\n') if line.strip())


def watch_command_lines(stop, seen):
    while not stop.is_set():
        for path in glob.glob('/proc/[0-9]*/cmdline'):
            try:
                with open(path, 'rb') as line:
                    seen.add(line.read())
            except OSError:
                pass
        time.sleep(0.005)


def everything(box, result):
    """All that a run left to be read, by name."""
    yield 'stdout', result.out
    yield 'stderr', result.err
    for path in glob.glob(f'{box.dir}/state/**', recursive=True) + glob.glob(f'{box.dir}/cache/**', recursive=True):
        if os.path.isfile(path):
            with open(path, 'rb') as content:
                yield path, content.read()


def secrets_of(rng):
    word = lambda alphabet, n: ''.join(rng.choice(alphabet) for _ in range(n))
    letters = string.ascii_letters + string.digits
    return {
        'ONE': word(letters, 12),
        'TWO': word(letters, 3) + word('"\'&<>%/+=\\ $`!*', 8) + word(letters, 3),
        'ODD': word(letters, 4) + 'ü€🙂' + word(letters, 4),
        'LINES': '\n'.join(word(letters + ' ', 10).strip() + word(letters, 4) for _ in range(3)),
    }


def run_and_look(box, *options):
    seed = int.from_bytes(os.urandom(4), 'big')
    secrets = secrets_of(random.Random(seed))
    box.init(WORKFLOW)
    box.write('forms.py', FORMS)
    box.write('.gitignore', '.secrets\n')
    box.write('.secrets', f'LINES={json.dumps(secrets["LINES"])}\n')
    stop, seen = threading.Event(), set()
    watcher = threading.Thread(target=watch_command_lines, args=(stop, seen))
    watcher.start()
    try:
        result = box.run('push', *options, '-s', f'ONE={secrets["ONE"]}', '-s', 'TWO', '-s', 'ODD', raw=True,
                         env={name: secrets[name] for name in ('TWO', 'ODD')})
    finally:
        stop.set()
        watcher.join()
    expect(result.status == 0, f'seed {seed}: exit {result.status}\n{result.out[-3000:]}\n{result.err[-2000:]}')
    log = result.out + result.err
    expect(b'before *** after' in log, f'seed {seed}: the script did not print')
    needles = {form for secret in secrets.values() for form in forms_of(secret)}
    needles.add(secrets['ONE'][::-1] + '-added')
    for where, content in everything(box, result):
        for needle in needles:
            expect(needle.encode() not in content, f'seed {seed}: {needle!r} is in {where}')
    starting = box.act_c.encode()
    for line in seen:
        # The shell that starts act-c shows its arguments until act-c has wiped them.
        if not line.startswith(starting):
            for needle in needles:
                expect(needle.encode() not in line, f'seed {seed}: {needle!r} in a command line: {line!r}')
    return result


def test_random_secrets_in_text(box):
    run_and_look(box)


def test_random_secrets_in_json_and_debug(box):
    run_and_look(box, '--json', '-v')


def test_arguments_are_wiped(box):
    box.init('on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{run: sleep 300}]\n')
    child = box.start('push', '-s', 'KEY=very-secret-value')

    def wiped():
        with open(f'/proc/{child.pid}/cmdline', 'rb') as line:
            text = line.read()
        return text.startswith(box.act_c.encode()) and b'very-secret-value' not in text
    soon(wiped, 'the value of -s is still in /proc/PID/cmdline')
    child.terminate()
    box.ends(child)


def test_a_secret_over_lines_and_chunks(box):
    box.init('''on: push
jobs:
  a:
    runs-on: ubuntu-latest
    env: {KEY: "${{ secrets.KEY }}"}
    steps:
      - shell: python
        run: |
          import os, sys, time
          for c in os.environ['KEY']:
              sys.stdout.write(c); sys.stdout.flush(); time.sleep(0.01)
          print()
          print(os.environ['KEY'] * 3)
          sys.stdout.write('x' * 70000 + os.environ['KEY'] + 'y' * 70000)
''')
    key = '-----BEGIN KEY-----\nabcdefghijk\nlmnopqrstuv\n-----END KEY-----'
    result = box.run('push', '-s', 'KEY', env={'KEY': key})
    result.exits(0)
    result.lacks('BEGIN KEY', 'abcdefghijk', 'lmnopqrstuv')
    for path in glob.glob(f'{box.dir}/state/act-c/runs/*/*'):
        if os.path.isfile(path):
            with open(path, 'rb') as content:
                expect(b'lmnopqrstuv' not in content.read(), f'a line of the secret is in {path}')
