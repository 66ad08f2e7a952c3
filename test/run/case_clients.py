"""GitHub's own npm clients against act-c's services: what they upload, restore and ask for.

The clients come from the npm registry into a cache of the tests (ACTC_TEST_CLIENTS names another
directory with node_modules); where they cannot be had the case is skipped, with a line that says so."""
import json
import os
import shutil
import subprocess

from harness import ROOT, expect

CLIENTS = ['@actions/artifact@2.3.2', '@actions/cache@4.1.0', '@actions/core@1.11.1', '@actions/glob@0.5.0']

WORKFLOW = '''
on: push
jobs:
  first:
    runs-on: ubuntu-latest
    outputs: {id: "${{ steps.up.outputs.id }}"}
    steps:
      - uses: actions/checkout@v4
      - {uses: ./clients, with: {part: upload}, id: up}
      - {uses: ./clients, with: {part: again}}
      - {uses: ./clients, with: {part: save}}
      - {uses: ./clients, with: {part: oldCache}}
      - {uses: ./clients, with: {part: glob}, env: {HASH: "${{ hashFiles('tree/**') }}"}}
  second:
    needs: first
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - {uses: ./clients, with: {part: download}}
      - {uses: ./clients, with: {part: restore}}
      - {uses: ./clients, with: {part: rest}, env: {TOKEN: "${{ github.token }}"}}
  reader:
    needs: first
    runs-on: ubuntu-latest
    cache-mode: read
    steps:
      - uses: actions/checkout@v4
      - {uses: ./clients, with: {part: readOnly}}
  who:
    runs-on: ubuntu-latest
    environment: a:b
    permissions: {id-token: write}
    steps:
      - uses: actions/checkout@v4
      - {uses: ./clients, with: {part: identity}}
'''
PARTS = ['upload', 'again', 'save', 'oldCache', 'glob', 'download', 'restore', 'readOnly', 'identity',
         'rest']


def clients():
    """A directory with their node_modules, or None."""
    given = os.environ.get('ACTC_TEST_CLIENTS')
    if given:
        return given
    cache = os.path.join(os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache'), 'act-c')
    place = os.path.join(cache, 'test-clients-' + '-'.join(c.rsplit('@', 1)[1] for c in CLIENTS))
    if os.path.isdir(f'{place}/node_modules'):
        return place
    if not shutil.which('npm'):
        return None
    os.makedirs(f'{place}.new', exist_ok=True)
    command = ['npm', 'install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', f'{place}.new', *CLIENTS]
    try:
        done = subprocess.run(command, capture_output=True, timeout=240).returncode == 0
    except subprocess.TimeoutExpired:
        done = False
    if done:
        os.rename(f'{place}.new', place)
    return place if done else None


def test_githubs_clients(box):
    place = clients()
    if not place:
        print("skipped: GitHub's npm clients cannot be had here")
        return
    box.init(WORKFLOW, before=f'cp -r {ROOT}/testdata/services/clients .')
    result = box.run('--env', 'CLIENTS=/clients', '--container-options', f'-v {place}:/clients:ro',
                     '--approve', 'all', seconds=600)
    result.exits(0)
    result.says(*(f'{part}-fine' for part in PARTS))
    for name, size in (('the tree', 21 * 1024 * 1024), ('sum', 64)):
        got = subprocess.run([box.act_c, 'artifacts', 'get', name, box.dir], env=box.env, cwd=box.repo,
                             capture_output=True, text=True)
        expect(got.returncode == 0, f'artifacts get {name}: {got.stderr}')
        expect(os.path.getsize(got.stdout.strip()) > size, f'{got.stdout} is not the artifact')
    listed = subprocess.run([box.act_c, 'cache', 'list', '--json'], env=box.env, cwd=box.repo, capture_output=True)
    keys = sorted(entry['key'] for entry in json.loads(listed.stdout))
    expect(keys == ['k-1', 'old-1'], f'caches: {keys}')
    ends = {e['job'] for e in box.kept_events() if e['event'] == 'job.finished'}
    expect(ends == {'first', 'second', 'reader', 'who'}, f'jobs: {ends}')


test_githubs_clients.alone = True
