"""The sandbox on machines that lack something, or are built in an odd way: what is refused is named, what
can be done without is done without, and nothing of it stays behind.

Most of it is made in a mount namespace of root's; without root these cases are left out."""
import os
import shutil
import subprocess
import textwrap

from case_sandbox import as_user, mounts, sandboxed
from harness import Result, expect

ONE = """on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: |
%s
"""


def workflow(script):
    return ONE % textwrap.indent(textwrap.dedent(script).strip(), ' ' * 10)


def within(box, flags, before, *args, **env):
    """act-c run push --engine sandbox ARGS in new namespaces (of unshare's flags), after a script."""
    command = box.command('push', '--engine', 'sandbox', *args, image=None)
    done = subprocess.run(['unshare', *flags, 'bash', '-ec', before + '\nexec "$@"', 'bash', *command],
                          cwd=box.repo, env=dict(box.env, **env), capture_output=True, text=True, timeout=240,
                          stdin=subprocess.DEVNULL)
    return Result(done.returncode, done.stdout, done.stderr, 0)


def root_only(function):
    def case(box):
        if os.getuid() == 0:
            function(box)
    case.__name__ = function.__name__
    return case


# --- what the kernel forbids ----------------------------------------------------------------------

SETTINGS = ['max_user_namespaces', 'max_mnt_namespaces', 'max_pid_namespaces', 'max_net_namespaces']


def test_a_setting_that_forbids_it_is_named(box):
    """The limits are those of a user namespace in which act-c is an ordinary user."""
    box.init(workflow('echo never-$((40 + 2))'))
    for setting in SETTINGS:
        command = box.command('push', '--engine', 'sandbox', image=None)
        script = f'echo 0 >/proc/sys/user/{setting}; ' \
                 'exec setpriv --inh-caps=-all --bounding-set=-all "$@"'
        done = subprocess.run(['unshare', '--user', '--map-user=1000', '--map-group=1000', '--keep-caps', 'sh', '-c',
                               script, 'sh', *command], cwd=box.repo, capture_output=True, text=True,
                              env=dict(box.env, XDG_STATE_HOME='/dev/null/none'), stdin=subprocess.DEVNULL)
        text = done.stdout + done.stderr
        expect(done.returncode == 4, f'exit {done.returncode}: {text}')
        expect(f'user.{setting} is 0' in text and f'sudo sysctl user.{setting}=' in text, text)
        expect('never-42' not in text, 'it ran')


NO_OVERLAY = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <string.h>

int mount(const char *from, const char *to, const char *type, unsigned long flags, const void *data)
{
	int (*real)(const char *, const char *, const char *, unsigned long, const void *) =
		dlsym(RTLD_NEXT, "mount");

	if (type && strcmp(type, "overlay") == 0) {
		errno = EPERM;
		return -1;
	}
	return real(from, to, type, flags, data);
}
"""


def test_a_kernel_without_overlay_is_refused(box):
    """As kernels before 5.11 answer in a user namespace."""
    box.init(workflow('echo never-$((40 + 2))'))
    library = f'{box.dir}/no-overlay.so'
    subprocess.run(['cc', '-shared', '-fPIC', '-x', 'c', '-o', library, '-', '-ldl'], input=NO_OVERLAY, text=True,
                   check=True)
    result = sandboxed(box, env={'LD_PRELOAD': library})
    result.exits(4)
    result.says('mounts no overlay in a user namespace', 'modprobe overlay')
    result.lacks('never-42')


FILTER = """
import ctypes, os, struct, sys
CLONE, UNSHARE, CLONE3, MOUNT = 56, 272, 435, 165
def op(code, jt, jf, k):
    return struct.pack('HBBI', code, jt, jf, k)
calls = [UNSHARE, MOUNT]
program = op(0x20, 0, 0, 0)
for n, call in enumerate(calls):
    program += op(0x15, len(calls) - n, 0, call)
program += op(0x06, 0, 0, 0x7fff0000) + op(0x06, 0, 0, 0x00050001)
libc = ctypes.CDLL(None, use_errno=True)
buffer = ctypes.create_string_buffer(program)
fprog = struct.pack('HxxxxxxQ', len(program) // 8, ctypes.addressof(buffer))
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, ctypes.c_char_p(fprog)) == 0
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_a_seccomp_filter_is_named(box):
    """As in a container with the usual filter, but without needing one."""
    if os.uname().machine != 'x86_64':
        return
    box.init(workflow('echo never-$((40 + 2))'))
    command = box.command('push', '--engine', 'sandbox', image=None)
    done = subprocess.run(['/usr/bin/python3', '-c', FILTER, *command], cwd=box.repo, env=box.env,
                          capture_output=True, text=True, stdin=subprocess.DEVNULL)
    text = done.stdout + done.stderr
    expect(done.returncode == 4, f'exit {done.returncode}: {text}')
    expect('a seccomp filter forbids' in text and 'seccomp=unconfined' in text, text)


def check_chroot(box, become):
    box.init(workflow('echo never-$((40 + 2))'))
    become(box)
    result = within(box, ['-m'], 'mount --bind / /')        # the root of this process is no longer that of its mounts
    result.exits(4)
    result.says('the kernel refuses a user namespace', 'in a chroot there are none')
    result.lacks('never-42')


@root_only
def test_a_chroot_is_named(box):
    check_chroot(box, lambda box: None)


@root_only
def test_a_chroot_is_named_to_a_user(box):
    check_chroot(box, as_user)


# --- what the machine is built of -----------------------------------------------------------------

def check_odd_root(box, become):
    """Many mounts below, bound files, a mount on a mount; all of it is seen, none can be written."""
    box.init(workflow("""
        test "$(ls -d /opt/many/* | wc -l)" = 60
        for n in $(seq 60); do test "$(cat /opt/many/$n/file)" = "in $n"; done
        test "$(cat /etc/bound.conf)" = bound
        echo changed >/opt/many/7/file 2>/dev/null || true
        echo changed >/etc/bound.conf 2>/dev/null || true
        echo seen-$((40 + 2))
    """))
    become(box)
    before = """
        mount -t tmpfs none /opt && mkdir /opt/many
        for n in $(seq 60); do
            mkdir /opt/many/$n && mount -t tmpfs -o mode=755 none /opt/many/$n && echo "in $n" >/opt/many/$n/file
        done
        mount -t tmpfs none /mnt && cp -a /etc /mnt/ && echo bound >/mnt/etc/bound.conf && mount --bind /mnt/etc /etc
        echo bound >/mnt/bound && mount --bind /mnt/bound /etc/bound.conf
        chmod 755 /opt /opt/many /mnt; chmod 644 /opt/many/*/file /mnt/bound
        trap 'test "$(cat /opt/many/7/file /mnt/bound)" = "$(echo in 7; echo bound)" || echo WRITTEN >&2' EXIT
        set +e
        "$@"
        exit
    """
    result = within(box, ['-m'], before)
    result.exits(0)
    result.says('seen-42')
    result.lacks('WRITTEN')
    expect(not mounts(box), 'a mount is left')


@root_only
def test_a_root_of_many_mounts(box):
    check_odd_root(box, lambda box: None)


@root_only
def test_a_root_of_many_mounts_for_a_user(box):
    check_odd_root(box, as_user)


@root_only
def test_a_users_job_and_directories_that_mounts_split(box):
    """What is the user's can be written there, others' only be read; nothing of it comes out."""
    box.init(workflow("""
        test "$(cat /var/lib/others/file)" = others
        if touch /var/lib/others/file || touch /var/lib/others/new; then exit 1; fi
        test "$(cat /var/lib/mixed/mine/file)" = mine
        echo new >/var/lib/mixed/mine/file
        echo new >/var/lib/mine/new
        touch /var/log/new
        echo split-$((40 + 2))
    """))
    as_user(box)
    before = """
        mount -t tmpfs -o mode=755 none /var/lib
        mkdir -p /var/lib/mounted /var/lib/others /var/lib/mixed/mine /var/lib/mine
        mount -t tmpfs none /var/lib/mounted
        echo others >/var/lib/others/file; echo mine >/var/lib/mixed/mine/file; echo old >/var/lib/mine/old
        chown -R nobody: /var/lib/mine /var/lib/mixed/mine
        trap 'test "$(cat /var/lib/mixed/mine/file; ls /var/lib/mine)" = "$(echo mine; echo old)" || echo WRITTEN >&2' EXIT
        set +e
        "$@"
        exit
    """
    result = within(box, ['-m'], before)
    result.exits(0)
    result.says('split-42')
    result.lacks('WRITTEN')


@root_only
def test_a_full_disk_fails_the_step_only(box):
    box.init(workflow("""
        why=$(head -c 2000000000 /dev/zero 2>&1 >/tmp/big) && exit 1
        case $why in *'No space left'*) ;; *) exit 1 ;; esac
        rm /tmp/big && echo again >/tmp/small && echo full-$((40 + 2))
    """))
    result = sandboxed(box, '--memory', '64m')
    result.exits(0)
    result.says('full-42')


@root_only
def test_a_read_only_home(box):
    """Nothing can be kept; a state directory elsewhere is all that is needed."""
    box.init(workflow('echo ran-$((40 + 2))'))
    before = 'mount --bind "$HOME" "$HOME" && mount -o remount,ro,bind "$HOME"'
    del box.env['XDG_STATE_HOME']
    result = within(box, ['-m'], before)
    result.exits(1)
    result.says('Read-only file system', 'set XDG_STATE_HOME to a directory that can be written')
    result.lacks('ran-42')
    box.env['XDG_STATE_HOME'] = f'{box.dir}/state'
    result = within(box, ['-m'], before)
    result.exits(0)
    result.says('ran-42')


# --- the network ----------------------------------------------------------------------------------

def only(box, *programs):
    """A PATH on which, of the network's helpers, only these are."""
    place = f'{box.dir}/bin'
    os.makedirs(place, exist_ok=True)
    for name in ('slirp4netns', 'pasta'):
        if os.path.lexists(f'{place}/{name}'):
            os.unlink(f'{place}/{name}')
    for name in ('git', 'sh', 'bash', 'mount', 'ip', 'python3', 'setpriv', 'unshare', 'realpath', *programs):
        path = shutil.which(name, path='/usr/bin:/bin:/usr/sbin:/sbin')
        if path and not os.path.lexists(f'{place}/{name}'):
            os.symlink(path, f'{place}/{name}')
    os.chmod(box.dir, 0o755)
    return place


NO_TUN = 'mount -t tmpfs none /dev/net'


@root_only
def test_without_any_helper_there_is_a_loopback(box):
    box.init(workflow('test "$(ls /sys/class/net)" = lo && echo alone-$((40 + 2))'))
    result = sandboxed(box, env={'PATH': only(box)})
    result.exits(0)
    result.says('alone-42', 'neither slirp4netns nor pasta is installed', 'apt-get install slirp4netns')
    expect(result.log.count('apt-get install slirp4netns') == 1, 'said more than once')
    result = sandboxed(box, '--network', 'default', env={'PATH': only(box)})
    result.exits(1)
    result.says('no network for the sandbox')
    result.lacks('alone-42')


@root_only
def test_without_tun_pasta_is_none(box):
    if not shutil.which('pasta'):
        return
    box.init(workflow('test "$(ls /sys/class/net)" = lo && echo alone-$((40 + 2))'))
    result = within(box, ['-m'], NO_TUN, PATH=only(box, 'pasta'))
    result.exits(0)
    result.says('alone-42', '/dev/net/tun is missing', 'slirp4netns does not')


# A name server of the machine's own, on a network that leads nowhere else.
NAMES = r"""
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('127.0.0.53', 53))
while True:
    query, who = s.recvfrom(2000)
    end = query.index(0, 12) + 5
    kind = struct.unpack('!H', query[end - 4:end - 2])[0]
    answer = b'\xc0\x0c' + struct.pack('!HHIH', 1, 1, 60, 4) + bytes([192, 0, 2, 77]) if kind == 1 else b''
    s.sendto(query[:2] + struct.pack('!HHHHH', 0x8180, 1, 1 if answer else 0, 0, 0) + query[12:end] + answer, who)
"""
LONELY = """
ip link set lo up
ip link add up0 type veth peer name up1 && ip link set up1 up && ip addr add 192.0.2.1/24 dev up0 && ip link set up0 up
ip route add default via 192.0.2.2
echo 'nameserver 127.0.0.53' >"$BOX/resolv.conf"
mount --bind "$BOX/resolv.conf" "$(realpath /etc/resolv.conf)"
python3 "$BOX/names.py" >/dev/null 2>&1 &
names=$!
trap 'kill $names' EXIT
%s
set +e
"$@"
exit
"""


def check_names(box, helper, before, become=lambda box: None):
    if not shutil.which(helper) or not shutil.which('ip'):
        return
    box.init(workflow('grep -v ^# /etc/resolv.conf; for n in $(seq 100); do '
                      'getent ahostsv4 some.example && exit; sleep 0.3; done; exit 1'))
    with open(f'{box.dir}/names.py', 'w', encoding='ascii') as text:
        text.write(NAMES)
    become(box)
    result = within(box, ['-m', '-n'], LONELY % before, BOX=box.dir, PATH=only(box, helper))
    result.exits(0)
    result.says('192.0.2.77')
    result.lacks('127.0.0.53')


@root_only
def test_a_name_server_on_the_loopback_by_slirp4netns(box):
    if os.path.exists('/dev/net/tun'):
        check_names(box, 'slirp4netns', '')


@root_only
def test_a_name_server_on_the_loopback_by_pasta(box):
    if os.path.exists('/dev/net/tun'):
        check_names(box, 'pasta', '')


@root_only
def test_a_name_server_on_the_loopback_without_tun(box):
    check_names(box, 'slirp4netns', NO_TUN)


@root_only
def test_a_name_server_on_the_loopback_without_tun_for_a_user(box):
    check_names(box, 'slirp4netns', NO_TUN, as_user)


# --- what it has no containers for ------------------------------------------------------------------

CALLED = '''\
on: push
jobs:
  fetched:
    runs-on: ubuntu-latest
    steps:
      - run: echo started-$((40 + 2))
      - uses: octo/box@v1
  inner:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: ./around
  other:
    needs: fetched
    runs-on: ubuntu-latest
    steps:
      - run: echo other-$((40 + 2))
'''


def test_docker_actions_of_others_are_not_rehearsed(box):
    """Known once they have been fetched: before the first step; or, inside a local one, when it is reached."""
    box.init(CALLED)
    box.write('around/action.yml', 'name: a\nruns: {using: composite, steps: [{uses: octo/box@v1}]}\n')
    box.git('add', '-A')
    box.git('commit', '-q', '-m', 'An action')
    os.makedirs(f'{box.dir}/box')
    with open(f'{box.dir}/box/action.yml', 'w', encoding='ascii') as text:
        text.write('name: b\nruns: {using: docker, image: Dockerfile}\n')
    for engine in ('sandbox', 'host'):
        result = box.run('push', '--engine', engine, '--local-repository', f'octo/box@v1={box.dir}/box', image=None)
        result.exits(0)
        result.says('other-42', f'the {engine} engine cannot run `uses: octo/box@v1`: it is a Docker action',
                    '1 succeeded', '2 not rehearsed')
        expect('started-42' not in result.out, 'the job had begun')
