"""The daemon's API through the socket that a job has: what it passes on and what it refuses."""
import http.client
import json
import os
import socket
import sys


class Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect('/var/run/docker.sock')


def ask(method, path, body=None):
    connection = Connection('docker')
    data = None if body is None else json.dumps(body)
    connection.request(method, '/v1.41' + path, data, {'Content-Type': 'application/json'})
    answer = connection.getresponse()
    return answer.status, answer.read()


def make(host, **more):
    status, body = ask('POST', '/containers/create',
                       {'Image': 'act-c-test:busybox', 'HostConfig': host, **more})
    return status, json.loads(body).get('Id' if status == 201 else 'message')


def start(*command, host=None, **more):
    status, made = make(host or {}, Cmd=list(command), **more)
    assert status == 201, made
    status, said = ask('POST', f'/containers/{made}/start')
    assert status == 204, said
    return made


def output(*command, host=None):
    made = start(*command, host=host)
    assert ask('POST', f'/containers/{made}/wait')[0] == 200
    said = ask('GET', f'/containers/{made}/logs?stdout=1')[1]
    assert ask('DELETE', f'/containers/{made}')[0] == 204
    return said[8:].decode().strip()


def own():
    assert ask('GET', '/containers/json?all=1')[1] == b'[]\n'
    os.makedirs('sub')
    with open('sub/f', 'w') as out:
        out.write('of the job')
    here = os.getcwd()
    assert output('cat', '/x/f', host={'Binds': [f'{here}/sub:/x']}) == 'of the job'
    assert output('cat', '/one', host={'Binds': [f'{here}/sub/f:/one:ro']}) == 'of the job'
    output('sh', '-c', 'echo back > /x/g', host={'Binds': [f'{here}:/x']})
    with open('g') as back:
        assert back.read() == 'back\n'
    output('sh', '-c', 'echo kept > /v/k', host={'Binds': ['volume-of-a-job:/v']})
    assert output('cat', '/v/k', host={'Binds': ['volume-of-a-job:/v']}) == 'kept'
    assert ask('POST', '/networks/create', {'Name': 'network-of-a-job'})[0] == 201
    start('sleep', '100', host={'NetworkMode': 'network-of-a-job'})
    assert len(json.loads(ask('GET', '/containers/json')[1])) == 1
    print(f'own-{40 + 2}')


def refused():
    os.symlink('/etc', 'link')
    here = os.getcwd()
    for host in ({'Privileged': True}, {'NetworkMode': 'host'}, {'PidMode': 'host'},
                 {'Binds': ['/:/x']}, {'Binds': ['/var/run/docker.sock:/s']},
                 {'Binds': [f'{here}/link:/x']}, {'Binds': [f'{here}/link/ssl:/x']},
                 {'Binds': [f'{here}/missing:/x']}, {'Devices': [{'PathOnHost': '/dev/null'}]}):
        status, why = make(host)
        assert status == 403 and '--docker-socket full' in why, (host, why)
    other = os.environ['OTHER']
    for method, path in (('GET', f'/containers/{other}/json'), ('DELETE', f'/containers/{other}'),
                         ('POST', f'/containers/{other}/exec'), ('POST', '/swarm/init')):
        assert ask(method, path)[0] == 403, path
    assert ask('POST', '/containers/prune')[0] == 200
    print(f'refused-{40 + 2}')


def full():
    assert ask('GET', f"/containers/{os.environ['OTHER']}/json")[0] == 200
    here = os.getcwd()
    with open('f', 'w') as out:
        out.write('of the job')
    assert output('cat', '/x/f', host={'Binds': [f'{here}:/x']}) == 'of the job'
    status, made = make({'PidMode': 'host'})
    assert status == 201 and ask('DELETE', f'/containers/{made}')[0] == 204
    print(f'full-{40 + 2}')


globals()[sys.argv[1]]()
