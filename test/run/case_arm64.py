"""Images of another architecture: the agent for it is sent, or refused with what is missing.

The image holds one small program, compiled for arm64, which is the shell of its steps. Where the
kernel runs no arm64 programs (qemu-user-static's binfmt entry is not there), the refusal is tested."""
import hashlib
import io
import json
import os
import subprocess
import tarfile

from harness import docker, expect

SHELL = r'''
#include <stdio.h>
#include <sys/utsname.h>

int main(int argc, char **argv)
{
	char line[512];
	struct utsname u;
	FILE *f = argc > 1 ? fopen(argv[1], "r") : NULL;

	uname(&u);
	while (f && fgets(line, sizeof(line), f)) {
		printf("%s says %s", u.machine, line);
	}
	return f == NULL;
}
'''
WORKFLOW = '''on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: arch ${{ runner.arch }}
        shell: /shell {0}
'''


def add_file(archive, name, data, mode=0o644):
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), mode
    archive.addfile(info, io.BytesIO(data))


def tar_of(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w') as archive:
        for name, data, mode in files:
            add_file(archive, name, data, mode)
    return out.getvalue()


def load_image(name, architecture, files):
    """An image of that architecture, as `docker save` would have written it."""
    layer = tar_of(files)
    config = json.dumps({'architecture': architecture, 'os': 'linux', 'config': {'Cmd': ['/shell']},
                         'rootfs': {'type': 'layers',
                                    'diff_ids': ['sha256:' + hashlib.sha256(layer).hexdigest()]}}).encode()
    manifest = json.dumps([{'Config': 'config.json', 'RepoTags': [name], 'Layers': ['layer.tar']}]).encode()
    archive = tar_of([('layer.tar', layer, 0o644), ('config.json', config, 0o644),
                      ('manifest.json', manifest, 0o644)])
    done = subprocess.run(['docker', 'load', '-q'], input=archive, capture_output=True, timeout=60)
    expect(done.returncode == 0, f'docker load: {done.stderr}')


def compiled(box):
    """The program for arm64, or None without a compiler for it."""
    cache = os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache')
    compiler = f'{cache}/act-c/musl-aarch64/cc'
    if not os.path.exists(compiler):
        return None
    with open(f'{box.dir}/shell.c', 'w', encoding='ascii') as source:
        source.write(SHELL)
    subprocess.run([compiler, '-Os', '-s', '-o', f'{box.dir}/shell', f'{box.dir}/shell.c'], check=True)
    with open(f'{box.dir}/shell', 'rb') as program:
        return program.read()


def runs_arm64(program, box):
    done = subprocess.run([f'{box.dir}/shell', '/dev/null'], capture_output=True) if program else None
    return done is not None and done.returncode == 0


def can_run(program, box):
    try:
        return runs_arm64(program, box)
    except OSError:
        return False


def test_arm64_image_gets_the_agent_for_it(box):
    program = compiled(box)
    image = f'act-c-test-arm64:{os.getpid()}'
    load_image(image, 'arm64', [('shell', program or b'none', 0o755),
                                ('etc/passwd', b'root:x:0:0::/:/shell\n', 0o644)])
    box.init(WORKFLOW)
    try:
        result = box.run('push', '--container-architecture', 'linux/arm64', image=image)
        if program is None:
            result.exits(1)
            result.says('is for linux/arm64, and act-c has an agent for linux/amd64 only')
        elif can_run(program, box):
            result.exits(0)
            result.says('aarch64 says arch ARM64')
        else:
            result.exits(1)
            result.says('exec format error', 'run programs for linux/arm64', 'qemu-user-static')
        box.nothing_left()
    finally:
        docker('rmi', '-f', image)


def test_image_without_an_agent_is_refused(box):
    image = f'act-c-test-s390x:{os.getpid()}'
    load_image(image, 's390x', [('shell', b'none', 0o755)])
    box.init(WORKFLOW)
    try:
        result = box.run('push', image=image)
        result.exits(1)
        result.says('is for linux/s390x, and act-c has an agent for linux/', '--container-architecture')
        expect('exec format' not in result.log, 'it was started')
    finally:
        docker('rmi', '-f', image)
