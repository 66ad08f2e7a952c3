"""Speaks to act-c's services from inside a job, as GitHub's clients do and as an attacker would:
`protocol.py PART…`. It needs nothing but Python. A failed expectation ends it with a traceback."""
import base64
import concurrent.futures
import hashlib
import json
import os
import random
import socket
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

TOKEN = os.environ['ACTIONS_ID_TOKEN_REQUEST_TOKEN']
ID_URL = os.environ['ACTIONS_ID_TOKEN_REQUEST_URL']
ORIGIN = '{0.scheme}://{0.netloc}'.format(urllib.parse.urlsplit(ID_URL))
CLAIMS = json.loads(base64.urlsafe_b64decode(TOKEN.split('.')[1] + '=='))
SCOPE = next(s for s in CLAIMS['scp'].split() if s.startswith('Actions.Results:')).split(':')
IDS = {'workflow_run_backend_id': SCOPE[1], 'workflow_job_run_backend_id': SCOPE[2]}
VERSION = 'a' * 64


def ask(method, url, body=None, headers=None, token=None):
    """(status, headers, body); nothing is raised for a status."""
    if url.startswith('/'):
        url = ORIGIN + url
    if isinstance(body, (dict, list)):
        body = json.dumps(body).encode()
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    if token is not None:
        request.add_header('Authorization', f'Bearer {token}')
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def call(service, method, expected=200, token=TOKEN, **fields):
    status, _, body = ask('POST', f'/twirp/github.actions.results.api.v1.{service}/{method}', fields,
                          {'Content-Type': 'application/json'}, token)
    assert status == expected, (method, status, body)
    return json.loads(body)


def artifact(method, expected=200, **fields):
    return call('ArtifactService', method, expected, **{**IDS, **fields})


def cache(method, expected=200, **fields):
    return call('CacheService', method, expected, **fields)


def put_blocks(url, content, size, order):
    ids = [base64.b64encode(f'0b7e1f5c{i:06d}'.encode()).decode() for i in range(-(-len(content) // size))]
    places = list(range(len(ids)))
    order(places)

    def one(i):
        piece = content[i * size:(i + 1) * size]
        status, _, body = ask('PUT', f'{url}&comp=block&blockid={urllib.parse.quote(ids[i])}', piece)
        assert status == 201, (status, body)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(one, places))
    listed = ''.join(f'<Latest>{i}</Latest>' for i in ids)
    status, _, body = ask('PUT', f'{url}&comp=blocklist',
                          f'<?xml version="1.0"?><BlockList>{listed}</BlockList>'.encode(),
                          {'x-ms-blob-content-type': 'application/zip'})
    assert status == 201, (status, body)


def upload(name, content, put, **more):
    url = artifact('CreateArtifact', name=name, version=4, **more)['signed_upload_url']
    put(url)
    done = artifact('FinalizeArtifact', name=name, size=str(len(content)),
                    hash='sha256:' + hashlib.sha256(content).hexdigest())
    assert done['ok'] and done['artifact_id'].isdigit(), done
    return done['artifact_id']


def whole(content):
    def put(url):
        status, _, body = ask('PUT', url, content, {'x-ms-blob-type': 'BlockBlob'})
        assert status == 201, (status, body)
    return put


def download(name):
    url = artifact('GetSignedArtifactURL', name=name)['signed_url']
    return url, ask('GET', url)


def artifacts():
    content = random.Random(1).randbytes(5_000_000)
    sizes = {'in order': lambda p: None, 'backwards': list.reverse, 'shuffled': random.Random(2).shuffle}
    for i, (name, order) in enumerate(sizes.items()):
        upload(name, content, lambda url: put_blocks(url, content, 300_000 + i, order))
        url, (status, headers, got) = download(name)
        assert (status, got) == (200, content), (name, status, len(got))
        assert headers['Content-Type'] == 'application/zip', headers
    status, headers, got = ask('GET', url, headers={'Range': 'bytes=1000-1999'})
    assert (status, got) == (206, content[1000:2000]), status
    assert headers['Content-Range'] == f'bytes 1000-1999/{len(content)}', headers
    assert ask('GET', url, headers={'Range': 'bytes=-5'})[2] == content[-5:]
    assert ask('GET', url, headers={'Range': 'bytes=9000000-'})[0] == 416
    status, headers, got = ask('HEAD', url)
    assert (status, headers['Content-Length'], got) == (200, str(len(content)), b''), headers

    upload('ünì.txt', b'raw\n', whole(b'raw\n'), mime_type='text/plain')
    _, (status, headers, got) = download('ünì.txt')
    assert (got, headers['Content-Type']) == (b'raw\n', 'text/plain'), (got, headers)
    assert "filename*=UTF-8''%C3%BCn%C3%AC.txt" in headers['Content-Disposition'], headers
    upload('empty', b'', whole(b''))
    assert download('empty')[1][2] == b''

    listed = artifact('ListArtifacts')['artifacts']
    assert [a['name'] for a in listed] == [*sizes, 'ünì.txt', 'empty'], listed
    assert listed[0]['digest'] == 'sha256:' + hashlib.sha256(content).hexdigest(), listed
    assert listed[0]['size'] == str(len(content)), listed
    one = artifact('ListArtifacts', nameFilter='empty')['artifacts']
    assert len(one) == 1 and artifact('ListArtifacts', id_filter=one[0]['database_id'])['artifacts'] == one

    taken = artifact('CreateArtifact', 409, name='empty', version=4)
    assert taken['code'] == 'already_exists' and 'already exists' in taken['msg'], taken
    assert artifact('DeleteArtifact', name='empty')['artifact_id'] == one[0]['database_id']
    artifact('DeleteArtifact', 404, name='empty')
    upload('empty', b'second', whole(b'second'))
    assert download('empty')[1][2] == b'second'


def refusals():
    for name in ('../up', 'a/b', 'a\\b', '..', '', 'a\nb', 'a:b'):
        artifact('CreateArtifact', 400, name=name, version=4)
    call('ArtifactService', 'CreateArtifact', 401, 'no.such.token', **IDS, name='x', version=4)
    forged = TOKEN.split('.')
    forged[1] = base64.urlsafe_b64encode(json.dumps({**CLAIMS, 'job': 'other'}).encode()).decode().strip('=')
    call('ArtifactService', 'ListArtifacts', 401, '.'.join(forged), **IDS)
    call('ArtifactService', 'ListArtifacts', 401, '', **IDS)
    artifact('ListArtifacts', 403, workflow_run_backend_id='of-another-run')
    artifact('NoSuchMethod', 404)
    assert ask('POST', '/twirp/github.actions.results.api.v1.ArtifactService/ListArtifacts', b'{"a":',
               token=TOKEN)[0] == 400
    url = artifact('CreateArtifact', name='guarded', version=4)['signed_upload_url']
    assert ask('PUT', url.replace('sig=', 'sig=0'), b'x')[0] == 401
    assert ask('PUT', url.replace('/upload/', '/upload/1'), b'x')[0] == 401
    assert ask('GET', '/blob/artifact/1?se=9999999999&sig=' + '0' * 64)[0] == 401
    assert ask('GET', '/../../../../etc/passwd')[0] == 404
    status, _, body = ask('PUT', url, b'four', {'x-ms-blob-type': 'BlockBlob'})
    assert status == 201
    # What was announced must be what came.
    artifact('FinalizeArtifact', 400, name='guarded', size='5')
    artifact('FinalizeArtifact', 404, name='never-begun', size='5')


def killed():
    url = artifact('CreateArtifact', name='killed', version=4)['signed_upload_url']
    target = urllib.parse.urlsplit(url)
    with socket.create_connection((target.hostname, target.port)) as client:
        client.sendall(f'PUT {target.path}?{target.query}&comp=block&blockid=YQ== HTTP/1.1\r\nHost: x\r\n'
                       f'Content-Length: 1000000\r\n\r\n'.encode() + b'x' * 500_000)
    for _ in range(100):
        status, _, body = ask('POST', '/twirp/github.actions.results.api.v1.ArtifactService/CreateArtifact',
                              {**IDS, 'name': 'killed', 'version': 4}, token=TOKEN)
        if status == 200:
            break
        time.sleep(0.05)
    assert status == 200, 'the name stays taken by an upload whose client is gone'
    assert [a for a in artifact('ListArtifacts')['artifacts'] if a['name'] == 'killed'] == []


def many():
    def one(i):
        content = random.Random(i).randbytes(50_000 + i)
        upload(f'many-{i}', content, lambda url: put_blocks(url, content, 20_000, list.reverse))
        assert download(f'many-{i}')[1][2] == content, i

    with concurrent.futures.ThreadPoolExecutor(200) as pool:
        list(pool.map(one, range(200)))
    assert len([a for a in artifact('ListArtifacts')['artifacts'] if a['name'].startswith('many-')]) == 200


def save(key, content, version=VERSION):
    url = cache('CreateCacheEntry', key=key, version=version)['signed_upload_url']
    whole(content)(url)
    done = cache('FinalizeCacheEntryUpload', key=key, version=version, size_bytes=str(len(content)))
    assert done['ok'] and done['entry_id'].isdigit(), done


def find(key, *restore, version=VERSION):
    return cache('GetCacheEntryDownloadURL', key=key, restore_keys=list(restore), version=version)


def caches():
    assert find('deps-1') == {'ok': False}
    save('deps-1', b'one')
    save('deps-2', b'two')
    hit = find('deps-1')
    assert (hit['matched_key'], ask('GET', hit['signed_download_url'])[2]) == ('deps-1', b'one'), hit
    assert find('deps-')['matched_key'] == 'deps-2'         # a prefix: the newest
    assert find('other', 'nothing-', 'deps-')['matched_key'] == 'deps-2'
    assert find('other', 'dep')['matched_key'] == 'deps-2'
    assert not find('deps-1', version='b' * 64)['ok']
    taken = cache('CreateCacheEntry', 409, key='deps-1', version=VERSION)
    assert taken['code'] == 'already_exists', taken
    cache('CreateCacheEntry', 400, key='a,b', version=VERSION)
    cache('CreateCacheEntry', 400, key='x' * 513, version=VERSION)
    cache('GetCacheEntryDownloadURL', 400, key='k', restore_keys=['r'] * 10, version=VERSION)
    url = cache('CreateCacheEntry', key='blocks', version=VERSION)['signed_upload_url']
    content = random.Random(3).randbytes(1_000_000)
    put_blocks(url, content, 99_999, list.reverse)
    assert cache('FinalizeCacheEntryUpload', key='blocks', version=VERSION, size_bytes='1000000')['ok']
    assert ask('GET', find('blocks')['signed_download_url'])[2] == content


def caches_v1():
    base = '/_apis/artifactcache/'
    assert ask('GET', f'{base}cache?keys=old&version={VERSION}')[0] == 401
    assert ask('GET', f'{base}cache?keys=old&version={VERSION}', token=TOKEN)[0] == 204
    status, _, body = ask('POST', f'{base}caches', {'key': 'old', 'version': VERSION}, token=TOKEN)
    assert status == 201, (status, body)
    entry = json.loads(body)['cacheId']
    content = random.Random(4).randbytes(100_000)
    for start in (60_000, 0, 30_000):
        end = min(start + 30_000, 100_000) if start != 60_000 else 100_000
        status, _, body = ask('PATCH', f'{base}caches/{entry}', content[start:end],
                              {'Content-Range': f'bytes {start}-{end - 1}/*'}, TOKEN)
        assert status == 204, (status, body)
    assert ask('POST', f'{base}caches', {'key': 'old', 'version': VERSION}, token=TOKEN)[0] == 409
    assert ask('POST', f'{base}caches/{entry}', {'size': 99_999}, token=TOKEN)[0] == 400
    assert ask('POST', f'{base}caches/{entry}', {'size': 100_000}, token=TOKEN)[0] == 204
    status, _, body = ask('GET', f'{base}cache?keys=nothing,ol&version={VERSION}', token=TOKEN)
    found = json.loads(body)
    assert (status, found['cacheKey'], found['scope']) == (200, 'old', os.environ['GITHUB_REF']), found
    assert ask('GET', found['archiveLocation'])[2] == content
    listed = json.loads(ask('GET', f'{base}caches?key=ol', token=TOKEN)[2])
    assert listed['totalCount'] == 1, listed


def identity():
    import subprocess
    assert ask('GET', ID_URL)[0] == 401
    status, _, body = ask('GET', f'{ID_URL}&audience=sts.example.com', token=TOKEN)
    assert status == 200, body
    head, claims, signature = json.loads(body)['value'].split('.')
    decode = lambda text: base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))
    said = json.loads(decode(claims))
    assert said['aud'] == 'sts.example.com' and said['sub'] == 'repo:octo/demo:ref:refs/heads/main', said
    assert said['repository'] == 'octo/demo' and said['sha'] == os.environ['GITHUB_SHA'], said
    about = json.loads(ask('GET', said['iss'] + '/.well-known/openid-configuration')[2])
    assert about['issuer'] == said['iss'], about
    keys = json.loads(ask('GET', about['jwks_uri'])[2])['keys']
    key = next(k for k in keys if k['kid'] == json.loads(decode(head))['kid'])
    # RSA by hand: the signature to the power of e holds the digest.
    number = int.from_bytes(decode(key['n']), 'big')
    padded = pow(int.from_bytes(decode(signature), 'big'), int.from_bytes(decode(key['e']), 'big'), number)
    digest = hashlib.sha256(f'{head}.{claims}'.encode()).digest()
    assert padded.to_bytes(256, 'big').endswith(digest), 'the signature is not of this key'
    assert json.loads(decode(json.loads(ask('GET', ID_URL, token=TOKEN)[2])['value'].split('.')[1]))['aud'] \
        == 'https://github.com/octo'


def api(path, expected=200, method='GET', token=TOKEN, body=None):
    status, headers, text = ask(method, f'/api/{path}', body, token=token)
    assert status == expected, (path, status, text)
    return json.loads(text) if text else headers


def rest():
    repo = 'repos/octo/demo'
    assert api(repo, token=None)['default_branch'] == 'main'
    run = f'{repo}/actions/runs/{os.environ["GITHUB_RUN_ID"]}'
    assert api(run)['head_sha'] == os.environ['GITHUB_SHA']
    upload('over rest', b'PK-not-really', whole(b'PK-not-really'))
    upload('second', b'2', whole(b'2'))
    api(f'{run}/artifacts', 401, token='wrong')
    api(f'{run}/artifacts', 401, token=None)
    listed = api(f'{run}/artifacts?per_page=1&page=2')
    assert listed['total_count'] >= 2 and len(listed['artifacts']) == 1, listed
    one = api(f'{run}/artifacts?name=over%20rest')['artifacts'][0]
    assert one['size_in_bytes'] == 13 and api(f'{repo}/actions/artifacts/{one["id"]}') == one
    # The client follows the redirect to the signed address.
    assert ask('GET', one['archive_download_url'], token=TOKEN)[2] == b'PK-not-really'
    api(f'{repo}/actions/artifacts/1', 404)
    api(f'{repo}/actions/runs/1/artifacts', 403, token=os.environ['FAKE'])
    commit = api(f'{repo}/commits/{os.environ["GITHUB_SHA"]}')
    assert commit['sha'] == os.environ['GITHUB_SHA'] and commit['commit']['author']['name'] == 'Octo Cat', commit
    assert api(f'{repo}/commits/main')['sha'] == commit['sha']
    for wrong in ('no-such-ref', '--output=x', 'main..main'):
        api(f'{repo}/commits/{wrong}', 422)
    refused = api(f'{repo}/issues', 403, 'POST', os.environ['FAKE'], {'title': 'x'})
    assert refused['message'].startswith('act-c: POST /repos/octo/demo/issues '), refused
    api('repos/another/one', 403, token=None)


def pull():
    number = json.load(open(os.environ['GITHUB_EVENT_PATH'], encoding='utf-8'))['pull_request']['number']
    assert api(f'repos/octo/demo/pulls/{number}')['number'] == number
    files = api(f'repos/octo/demo/pulls/{number}/files?per_page=100')
    found = {f['filename']: f['status'] for f in files}
    assert found == {'new ü.txt': 'added', 'README.md': 'modified', 'gone.txt': 'removed'}, found
    assert len(api(f'repos/octo/demo/pulls/{number}/files?per_page=2&page=2')) == 1
    api(f'repos/octo/demo/pulls/{number + 1}/files', 404)


def tree():
    repo, fake, sha = 'repos/octo/demo', os.environ['FAKE'], os.environ['GITHUB_SHA']

    def get(path, expected=200):
        return api(f'{repo}/{path}', expected, token=fake)

    file = get('contents/README.md')
    assert file['type'] == 'file' and base64.b64decode(file['content']).endswith(b'more\n'), file
    assert get('contents/new%20%C3%BC.txt')['name'] == 'new ü.txt'
    kinds = {e['path']: e['type'] for e in get('contents/?ref=main')}
    assert kinds['gone.txt'] == 'file' and kinds['t'] == 'dir', kinds
    assert [e['path'] for e in get('contents/t')] == ['t/protocol.py']
    assert get('contents/gone.txt?ref=main')['size'] == 2
    assert get('contents/gone.txt', 404)['message'].startswith('Not Found (act-c')
    for wrong in ('contents/README.md?ref=nowhere', 'contents/README.md?ref=--output%3Dx', 'git/ref/heads/none',
                  'git/trees/none', 'git/blobs/--batch', 'branches/none', 'compare/main...none', 'compare/main'):
        get(wrong, 404)
    raw = ask('GET', f'/api/{repo}/contents/gone.txt?ref=main', headers={'Accept': 'application/vnd.github.raw+json'},
              token=fake)
    assert raw[2] == b'x\n', raw
    topic = get('git/ref/heads/topic')['object']
    assert topic['type'] == 'commit' and get('branches/topic')['commit']['sha'] == topic['sha'], topic
    assert [r['ref'] for r in get('git/matching-refs/heads/')] == ['refs/heads/main', 'refs/heads/topic']
    assert [b['name'] for b in get('branches')] == ['main', 'topic'] and get('tags') == []
    both = get('compare/main...topic')
    assert (both['status'], both['ahead_by'], len(both['files'])) == ('ahead', 1, 3), both
    assert [c['commit']['message'] for c in both['commits']] == ['Change']
    assert [c['sha'] for c in get('commits?sha=topic&per_page=1')] == [topic['sha']]
    assert len(get('commits?path=gone.txt&sha=main')) == 1
    paths = {e['path']: e for e in get(f'git/trees/{sha}?recursive=1')['tree']}
    assert paths['t/protocol.py']['type'] == 'blob' and get(f'git/blobs/{file["sha"]}')['content'] == file['content']
    assert get(f'git/commits/{sha}')['tree']['sha'] == get(f'git/trees/{sha}')['sha']
    number = get(f'commits/{sha}/pulls')[0]['number']
    assert 'Change' in [c['commit']['message'] for c in get(f'pulls/{number}/commits')]
    get(f'commits/{sha}/status', 403)
    assert api('rate_limit', token=fake)['rate']['remaining'] > 0


for part in sys.argv[1:]:
    globals()[part]()
    print(f'{part}-fine')
