#!/usr/bin/env python3
"""Brings releases to a deployment target that has two colours, one of which is live (blue/green).

usage: release.py deploy URL RELEASE.tar.gz COMMIT [--switch]
       release.py switch URL TAG
       release.py rollback URL TAG                  (DEPLOY_TOKEN in the environment)

`deploy` starts a release in the colour that is not live and waits until it is healthy there; the step's
outputs are its `tag` and the tag of the `previous` one. `switch` makes it live, `rollback` a release that
was there before. What a hosting service's deploy hook, Jenkins or Argo CD would be called for is one
POST here; the health check is the same for each of them."""
import hashlib
import json
import os
import sys
import time
import urllib.error
import urllib.request


def get(url):
    with urllib.request.urlopen(url, timeout=10) as reply:
        return json.load(reply)


def post(url, data, headers=()):
    headers = {'Authorization': f'Bearer {os.environ["DEPLOY_TOKEN"]}', **dict(headers)}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=30) as reply:
            return json.load(reply)
    except urllib.error.HTTPError as fault:
        sys.exit(f'{url} refused it: {fault.code} {fault.read().decode()}')
    except OSError as fault:
        sys.exit(f'{url} cannot be reached: {fault}')


def wait_for(url, commit, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if get(f'{url}/health')['status'] == 'ok' and get(f'{url}/version')['version'] == commit:
                print(f'{url} serves {commit}')
                return
        except (OSError, ValueError, KeyError):
            pass
        time.sleep(0.1)
    sys.exit(f'{url} does not serve {commit} in good health')


def say(**outputs):
    with open(os.environ.get('GITHUB_OUTPUT', os.devnull), 'a', encoding='utf-8') as out:
        for name, value in outputs.items():
            print(f'{name}={value}', file=out)


def deploy(url, path, commit, *options):
    with open(path, 'rb') as release:
        data = release.read()
    done = post(f'{url}/deploy', data, {'X-Release': commit, 'X-Sha256': hashlib.sha256(data).hexdigest()})
    say(tag=done['tag'], previous=done['previous'])
    print(f'{done["tag"]} was started in {done["colour"]}')
    wait_for(f'{url}/candidate', commit)
    if '--switch' in options:
        switch(url, done['tag'])


def switch(url, tag):
    done = post(f'{url}/switch', json.dumps({'tag': tag}).encode())
    print(f'{done["colour"]} is live')
    wait_for(url, done['version'])


def rollback(url, tag):
    if not tag:
        sys.exit('there is no previous release to go back to')
    done = post(f'{url}/rollback', json.dumps({'tag': tag}).encode())
    say(tag=tag)
    wait_for(url, done['version'])


if __name__ == '__main__':
    {'deploy': deploy, 'switch': switch, 'rollback': rollback}[sys.argv[1]](*sys.argv[2:])
