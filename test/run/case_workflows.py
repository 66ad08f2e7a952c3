"""Several workflows that one event starts: at GitHub each is a run of its own."""
import os
import re
import subprocess

from harness import Failure, expect

WORKFLOW = '''on: push
permissions: {id-token: write}
jobs:
  speak:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: python3 protocol.py apart
        env: {OWN: "%s"}
      - run: echo "run-${{ github.run_id }}-$((40 + 2))"
'''

# The name is the other workflow's too; one's own content comes back, and nothing else is listed.
APART = '''
def apart():
    own = os.environ['OWN'].encode()
    upload('dist', own, whole(own))
    artifact('CreateArtifact', 409, name='dist', version=4)
    assert len(artifact('ListArtifacts')['artifacts']) == 1
    assert download('dist')[1][2] == own
    run = f'repos/octo/demo/actions/runs/{os.environ["GITHUB_RUN_ID"]}'
    assert api(run)['name'] == os.environ['GITHUB_WORKFLOW']
    listed = api(f'{run}/artifacts')['artifacts']
    assert [a['workflow_run']['id'] for a in listed] == [int(os.environ['GITHUB_RUN_ID'])], listed
    assert ask('GET', listed[0]['archive_download_url'], token=TOKEN)[2] == own


for part in sys.argv'''


def test_each_is_a_run_of_its_own(box):
    with open('testdata/services/protocol.py', encoding='utf-8') as file:
        protocol = file.read().replace('\nfor part in sys.argv', APART)
    box.init(WORKFLOW % 'one', 'a.yml')
    box.write('.github/workflows/b.yml', WORKFLOW % 'two')
    box.write('protocol.py', protocol)
    result = box.run()
    result.exits(0)
    result.says('apart-fine')
    ids = set(re.findall(r'run-(\d+)-42', result.log))
    if len(ids) != 2:
        raise Failure(f'{ids}\n{result.tail()}')
    got = subprocess.run([box.act_c, 'artifacts', 'get', 'dist', 'out'], cwd=box.repo, env=box.env,
                         capture_output=True, text=True)
    newest = re.search(r'2 artifacts have that name; this is the one of (\w)\.yml', got.stderr)
    expect(got.returncode == 0 and newest, f'{got.returncode}: {got.stdout}{got.stderr}')
    with open(os.path.join(box.repo, got.stdout.strip()), encoding='utf-8') as file:
        expect(file.read() == {'a': 'one', 'b': 'two'}[newest[1]], 'the other one')
