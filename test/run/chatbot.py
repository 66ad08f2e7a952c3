#!/usr/bin/python3
"""Rehearses testdata/chatbot against stand-ins: the demo (`chatbot.py --act-c PROGRAM`), and what
case_chatbot.py uses to look at such a rehearsal from outside."""
import argparse
import contextlib
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402

SOURCE = f'{harness.ROOT}/testdata/chatbot'


def get(url):
    with urllib.request.urlopen(url, timeout=harness.PATIENCE) as reply:
        return json.load(reply)


def address(engine):
    """Where a job reaches this machine: on the engine's default bridge; or from a sandbox or a user's podman,
    which reach what is outside as this machine does, but not its loopback."""
    if engine == 'sandbox' or (engine == 'podman' and os.getuid() != 0):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            with contextlib.suppress(OSError):
                probe.connect(('192.0.2.1', 9))
                return probe.getsockname()[0]
        return '127.0.0.1'
    route = harness.docker('run', '--rm', harness.IMAGE['busybox'], 'ip', 'route', program=engine)
    found = re.search(r'^default via (\S+)', route, re.M)
    return found.group(1) if found else '127.0.0.1'


@contextlib.contextmanager
def stand_ins(rehearsal):
    """The stand-ins' URLs, and what act-c must be told so that jobs reach them; the files of the
    environments are written into the repository, which ignores them."""
    script = f'{SOURCE}/stand-ins/server.py'
    tokens = ['--token', rehearsal.token, '--production-token', rehearsal.production_token]
    for host, options in ((address(rehearsal.box.engine), []), ('127.0.0.1', ['--network', 'host'])):
        child = subprocess.Popen([sys.executable, script, '--host', host, *tokens], text=True,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        line = child.stdout.readline()
        if line:
            break
        child.communicate()              # the bridge may be another machine's
    try:
        urls = json.loads(line)
        for name in ('staging', 'production'):
            rehearsal.box.write(f'.vars.{name}', f'URL={urls[name]}\n')
        rehearsal.box.write('.secrets.production', f'DEPLOY_TOKEN={rehearsal.production_token}\n', 0o600)
        yield urls, options + ['--var', f'NOTIFY_URL={urls["sink"]}', '--var', 'STAND_INS=true', '-s', 'DEPLOY_TOKEN']
    finally:
        child.communicate()


class Rehearsal:
    """A copy of the repository in a sandbox; staging's token comes from the environment variables,
    production's from a file of that environment."""

    def __init__(self, box):
        self.box = box
        self.token, self.production_token = secrets.token_hex(16), secrets.token_hex(16)
        shutil.copytree(SOURCE, box.repo, ignore=shutil.ignore_patterns('__pycache__', 'dist'))
        box.git('init', '-q', '-b', 'main')
        box.git('remote', 'add', 'origin', 'https://github.com/octo/chatbot.git')
        self.commit('The chatbot')

    def commit(self, message):
        self.box.git('add', '-A')
        self.box.git('commit', '-q', '-m', message)
        self.sha = self.box.git('rev-parse', 'HEAD')

    def change(self, path, old, new):
        """A change of a developer, committed."""
        path = f'{self.box.repo}/{path}'
        with open(path, encoding='utf-8') as source:
            text = source.read()
        harness.expect(old in text, f'{path} has no {old!r}')
        with open(path, 'w', encoding='utf-8') as out:
            out.write(text.replace(old, new))
        self.commit(f'Change {os.path.basename(path)}')

    def deploy(self, options, approve='production'):
        """A rehearsal without a terminal; approve: None = nobody does."""
        approval = ['--approve', approve] if approve else []
        return self.box.run('push', '-W', '.github/workflows/deploy.yml', *options, *approval,
                            env={'DEPLOY_TOKEN': self.token})


def images(engine):
    """Made by docker, or by what understands the same command line, under its name."""
    with tempfile.TemporaryDirectory() as place:
        if engine != 'docker':
            os.symlink(shutil.which(engine), f'{place}/docker')
        subprocess.run([f'{harness.ROOT}/test/tools/image', 'full', 'busybox'], check=True, stdout=subprocess.DEVNULL,
                       env=dict(os.environ, PATH=f'{place}:{os.environ["PATH"]}'))


def demo(act_c, engine):
    if engine != 'sandbox':
        images(engine)
    box = harness.Sandbox(act_c, engine)
    try:
        rehearsal = Rehearsal(box)
        with stand_ins(rehearsal) as (urls, options):
            command = box.command('push', '-W', '.github/workflows/deploy.yml', '--approve', 'production', *options)
            print(f'demo: rehearsing testdata/chatbot, commit {rehearsal.sha[:12]}, with\n'
                  f'      act-c {" ".join(command[1:])}\n', flush=True)
            status = subprocess.run(command, cwd=box.repo,
                                    env=dict(box.env, DEPLOY_TOKEN=rehearsal.token)).returncode
            served = {name: get(f'{urls[name]}/version')['version'] for name in ('staging', 'production')}
            messages = get(urls['sink'])
        box.nothing_left()
    finally:
        box.close()
    for name, version in served.items():
        print(f'demo: {name} serves {version[:12]}')
    print(f'demo: {len(messages)} failure messages were sent')
    if status != 0 or set(served.values()) != {rehearsal.sha} or messages:
        print('demo: FAILED', file=sys.stderr)
        return 1
    print('demo: the rehearsed deployment worked')
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--act-c', default=f'{harness.ROOT}/build/act-c')
    parser.add_argument('--engine', default=os.environ.get('ACTC_TEST_ENGINE', 'docker'), choices=['docker', 'podman', 'sandbox'])
    args = parser.parse_args()
    return demo(args.act_c, args.engine)


if __name__ == '__main__':
    try:
        sys.exit(main())
    except harness.Failure as fault:
        sys.exit(f'demo: {fault}')
