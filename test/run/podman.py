"""Podman for the tests: settings with which it runs here, and the images that docker has."""
import os
import shutil
import subprocess
import threading

# What a machine without systemd, or a container, may need instead of podman's defaults.
SETTINGS = '''[engine]
cgroup_manager="cgroupfs"
events_logger="file"
%s
[containers]
default_ulimits=["nofile=4096:4096","nproc=4096:4096"]
'''
PATH = '/tmp/act-c-test-containers-%d-%d.conf'


def podman(*args, env=None, **kwargs):
    return subprocess.run(['podman', *args], env=env, capture_output=True, text=True, timeout=300, **kwargs)


def digest(program, image):
    done = subprocess.run([program, 'image', 'inspect', '--format={{.Id}}', image], capture_output=True, text=True)
    return done.stdout.strip().removeprefix('sha256:') if done.returncode == 0 else None


def copy(image):
    """An image of docker's, unless it is there already; what is wrong, or None."""
    wanted = digest('docker', image)
    if wanted is None or wanted == digest('podman', image):
        return None
    with subprocess.Popen(['docker', 'save', image], stdout=subprocess.PIPE) as save:
        done = subprocess.run(['podman', 'load', '-q'], stdin=save.stdout, capture_output=True, text=True)
    return None if done.returncode == 0 else done.stderr.strip()


def starts(image):
    return podman('run', '--rm', '--pull=never', '--entrypoint=/bin/true', image)


def settings():
    """Contents of containers.conf, podman's own defaults first."""
    runc = ['runtime="runc"'] if shutil.which('runc') else []
    return [''] + [SETTINGS % runtime for runtime in [''] + runc]


def use(number, text):
    """These settings, from now on; nobody who reads them at that time finds half of them."""
    path = PATH % (os.getuid(), number)
    with open(f'{path}.{os.getpid()}', 'w', encoding='ascii') as out:
        out.write(text)
    os.rename(f'{path}.{os.getpid()}', path)
    os.environ['CONTAINERS_CONF'] = path


def try_settings(images):
    why = None
    for number, text in enumerate(settings()):
        if text:
            use(number, text)
        why = next(filter(None, map(copy, images)), None)
        if why is None:
            done = starts(images[0])
            if done.returncode == 0:
                return None
            why = done.stderr.strip()
    return f'it starts no container here ({why.splitlines()[-1] if why else "no word why"})'


lock = threading.Lock()
found = threading.Event()                    # settings that work


def prepare(images):
    """Makes podman usable with these images, by CONTAINERS_CONF where it must be; what is wrong, or None. Cases
    that run side by side find the same settings."""
    images = list(images)
    if not shutil.which('podman'):
        return 'it is not installed'
    with lock:
        why = next(filter(None, map(copy, images)), None) if found.is_set() else try_settings(images)
        if why is None:
            found.set()
        return why
