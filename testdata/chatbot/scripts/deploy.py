#!/usr/bin/env python3
"""Sends a release to a deployment target and waits until it serves it.

usage: deploy.py URL RELEASE.tar.gz COMMIT      (DEPLOY_TOKEN in the environment)

What a hosting service's deploy hook, Jenkins or Argo CD would be called for is one POST here; the
health check afterwards is the same for each of them."""
import hashlib
import json
import os
import sys
import time
import urllib.error
import urllib.request


def call(url, data=None, headers=None):
    request = urllib.request.Request(url, data, headers or {})
    with urllib.request.urlopen(request, timeout=10) as reply:
        return json.load(reply)


def wait_for(url, commit, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if call(f'{url}/health')['status'] == 'ok' and call(f'{url}/version')['version'] == commit:
                return True
        except (OSError, ValueError, KeyError):
            pass
        time.sleep(0.2)
    return False


def main():
    url, path, commit = sys.argv[1:]
    with open(path, 'rb') as release:
        data = release.read()
    headers = {'Authorization': f'Bearer {os.environ["DEPLOY_TOKEN"]}', 'X-Release': commit,
               'X-Sha256': hashlib.sha256(data).hexdigest()}
    try:
        call(f'{url}/deploy', data, headers)
    except urllib.error.HTTPError as fault:
        sys.exit(f'{url} refused the release: {fault.code} {fault.read().decode()}')
    except OSError as fault:
        sys.exit(f'{url} cannot be reached: {fault}')
    if not wait_for(url, commit, 20):
        sys.exit(f'{url} does not serve {commit} in good health')
    print(f'{url} serves {commit}')


if __name__ == '__main__':
    main()
