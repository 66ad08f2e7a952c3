"""Brings one action of a mirror as a directory, where git cannot: a bare mirror may lack large files.

What is missing and is no program (a source map, a test's data) is left out. A missing program is
built from the action's own sources, by the npm and the script that its package.json names, once: it is
kept beside act-c's caches. None is given where neither will do."""
import json
import os
import re
import shutil
import subprocess

ENV = dict(os.environ, GIT_NO_LAZY_FETCH='1')
CACHE = os.path.join(os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache'), 'act-c', 'test-actions')
SCRIPTS = ('release', 'package', 'build')  # in the order of what actions call the one that bundles


def git(bare, *args, **more):
    return subprocess.run(['git', '-C', bare, *args], env=ENV, capture_output=True, check=True, **more).stdout


def files(bare, commit):
    """(mode, object, path) of all; the objects that the mirror lacks."""
    listed = [re.match(r'(\d+) blob (\w+)\t(.*)', line).groups()
              for line in git(bare, '-c', 'core.quotePath=false', 'ls-tree', '-r', commit).decode().splitlines()
              if ' blob ' in line]
    asked = '\n'.join(name for _, name, _ in listed).encode()
    found = git(bare, 'cat-file', '--batch-check', input=asked).decode().splitlines()
    return listed, {line.split()[0] for line in found if line.endswith('missing')}


def write(bare, listed, missing, place):
    for mode, name, path in listed:
        if name in missing:
            continue
        target = os.path.join(place, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        data = git(bare, 'cat-file', 'blob', name)
        if mode == '120000':
            os.symlink(data, target)
            continue
        with open(target, 'wb') as out:
            out.write(data)
        os.chmod(target, 0o755 if mode == '100755' else 0o644)


def npm(place, *command):
    more = [] if command[0] == 'run' else ['--no-audit', '--no-fund', '--ignore-scripts']
    try:
        return subprocess.run(['npm', *command, *more], cwd=place, capture_output=True, timeout=900).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def unlocked(place):
    """A version that its lock file names may be gone from the registry: the nearest one that fits."""
    shutil.rmtree(f'{place}/node_modules', ignore_errors=True)
    os.unlink(f'{place}/package-lock.json')
    return npm(place, 'install')


def build(place):
    """Whether its programs are there now."""
    with open(f'{place}/package.json', encoding='utf-8') as source:
        scripts = json.load(source).get('scripts', {})
    script = next((s for s in SCRIPTS if re.search(r'ncc|esbuild|rollup', scripts.get(s, ''))), None)
    if not script or not shutil.which('npm'):
        return False
    subprocess.run(['git', 'init', '-q', place], check=True)  # some scripts add what they made
    done = npm(place, 'ci') or unlocked(place)
    done = done and npm(place, 'run', script)
    shutil.rmtree(f'{place}/node_modules', ignore_errors=True)
    shutil.rmtree(f'{place}/.git')
    return done


def is_program(path):
    return re.search(r'(^|/)(dist|lib)/.*\.[cm]?js$', path) is not None


def directory(bare, name, version):
    """Where the action lies whole enough to run, or None."""
    try:
        commit = git(bare, 'rev-parse', '--verify', '-q', f'{version}^{{commit}}').decode().strip()
    except subprocess.CalledProcessError:
        return None
    place = os.path.join(CACHE, f'{name.replace("/", "+")}@{commit}')
    if os.path.isdir(place):
        return place
    listed, missing = files(bare, commit)
    new = f'{place}.new{os.getpid()}'
    shutil.rmtree(new, ignore_errors=True)
    os.makedirs(new)
    write(bare, listed, missing, new)
    lacks = [path for _, object_name, path in listed if object_name in missing and is_program(path)]
    if lacks and not build(new):
        shutil.rmtree(new)
        return None
    os.rename(new, place)
    return place
