#!/usr/bin/env python3
"""Prints src/check/popular.def: inputs and outputs of actions that many workflows use.

    python3 src/check/popular.py DIR >src/check/popular.def

DIR holds clones as OWNER+NAME/repo (bare ones will do). Names and facts only: which inputs there
are, which of them must be given (required and without a default), which are deprecated, which
outputs, and whether the action's Node is one that GitHub's runners no longer have. The versions are
the tags v1, v2, ..., the branches of the same names, and release/vN.
"""
import os
import re
import subprocess
import sys

import yaml

# They read inputs that their action.yml does not name.
ANY_INPUTS = {'octokit/request-action'}
# Programs and libraries whose repositories hold actions for themselves only.
NOT_FOR_OTHERS = {'actions/runner', 'actions/toolkit', 'actions/languageservices'}
VERSION = re.compile(r'refs/(?:tags|heads|remotes/origin)/(v\d+|v\d+\.x|release/v\d+)$')
PLACE = re.compile(r'(?:([A-Za-z][\w.-]*)/)?action\.ya?ml$')
OLD = {'node12', 'node16'}


def git(repo, *args):
    return subprocess.run(['git', '-C', repo, *args], capture_output=True, text=True,
                          check=True).stdout


def versions(repo):
    for line in git(repo, 'for-each-ref', '--format=%(objectname) %(refname)').splitlines():
        commit, ref = line.split(' ', 1)
        match = VERSION.match(ref)
        if match:
            yield match.group(1), commit


def actions(repo, commit):
    for path in git(repo, 'ls-tree', '-r', '--name-only', commit).splitlines():
        match = PLACE.match(path)
        if match and not (match.group(1) or '').lower().startswith(('test', 'example')):
            yield match.group(1), git(repo, 'show', f'{commit}:{path}')


def input_word(name, spec):
    spec = spec if isinstance(spec, dict) else {}
    required = str(spec.get('required')).lower() == 'true' and 'default' not in spec
    deprecated = 'deprecationMessage' in spec
    return ('~' if deprecated else '!' if required else '') + str(name)


def row(name, version, text):
    meta = yaml.load(text, Loader=yaml.BaseLoader)
    runs = meta.get('runs') or {}
    using = str(runs.get('using', '')).lower()
    flags = [flag for flag, holds in (
        ('POPULAR_OLD', using in OLD),
        ('POPULAR_DOCKER', using == 'docker'),
        ('POPULAR_COMPOSITE', using == 'composite'),
        ('POPULAR_ANY_INPUTS', name in ANY_INPUTS)) if holds]
    inputs = [input_word(k, v) for k, v in (meta.get('inputs') or {}).items()]
    outputs = [str(k) for k in meta.get('outputs') or {}]
    return (f'{name}@{version}', '|'.join(flags) or '0', ' '.join(inputs), ' '.join(outputs))


def rows(top):
    for entry in sorted(os.listdir(top)):
        repo = os.path.join(top, entry, 'repo')
        name = entry.replace('+', '/', 1)
        if not os.path.isdir(repo) or name in NOT_FOR_OTHERS:
            continue
        found = {}
        for version, commit in versions(repo):
            for below, text in actions(repo, commit):
                full = f'{name}/{below}' if below else name
                try:
                    one = row(full, version, text)
                except (yaml.YAMLError, AttributeError):
                    continue
                found[one[0]] = one
        if found and any('/' not in key.split('@')[0].replace(name, '', 1) for key in found):
            yield from found.values()


def main():
    table = sorted(rows(sys.argv[1]), key=lambda one: one[0].lower())
    print('/* Made by popular.py; do not edit. */')
    for name, flags, inputs, outputs in table:
        print(f'ACTION("{name}", {flags}, "{inputs}", "{outputs}")')


main()
