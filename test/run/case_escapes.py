"""What a sandbox's job tries to reach of the machine: its devices, other users' files, keys of the system, the
repository behind a worktree, control groups, and whatever else root could once do from a chroot.

The machine is made up in a mount namespace of root's: an overlay of this one's root, with what a job must
not see."""
import os
import shutil
import subprocess

from case_sandbox import as_user, mounts, sandboxed
from case_sandbox_here import root_only, within, workflow
from harness import expect

# /home and the docker data are elsewhere, as are some users; each file that must not be read says so.
MADE_UP = r'''
mount -t tmpfs none /mnt && mkdir -m 755 /mnt/u /mnt/w /mnt/r && cd /mnt/u
keep() { mkdir -p "$(dirname "$1")" && echo "secret-of-the-machine $1" >"$1"; }
mkdir -p data/home var/lib srv/dev && ln -s /data/home home && ln -s /data/docker var/lib/docker
for file in data/home/joe/.ssh/id_probe data/docker/volume srv/ann/notes srv/service/.ssh/id_probe etc/shadow- \
        etc/gshadow- var/backups/shadow.bak etc/ssh/ssh_host_probe_key etc/wireguard/probe.conf \
        etc/letsencrypt/archive/host/privkey1.pem etc/NetworkManager/system-connections/home; do
    keep "$file"
done
cp -p /etc/passwd etc/passwd
echo 'ann:x:4001:4001::/srv/ann:/bin/sh' >>etc/passwd
echo 'service:x:401:401::/srv/service:/bin/sh' >>etc/passwd
chmod 600 etc/shadow- etc/gshadow- etc/ssh/* etc/letsencrypt/archive/host/*     # a user may not read them anyway
chown -R 4001 srv/ann && chown -R 401 srv/service
mknod -m 666 srv/dev/zero c 1 5
mount -t overlay -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w none /mnt/r
for d in dev proc sys run tmp; do mount --rbind /$d /mnt/r/$d; done
here=$(cd "$REPO" && pwd)
case $here in /tmp/*) ;; *) mkdir -p "/mnt/r$here" && mount --rbind "$BOX" "/mnt/r$BOX" ;; esac
mount --bind /mnt/u /mnt/r/media && cd /mnt/r && mkdir -p put && pivot_root . put && umount -l /put && cd "$here"
made=$(cd /media && find . ! -path './tmp*' ! -path './put*' | sort)
trap 'test "$made" = "$(cd /media && find . ! -path "./tmp*" ! -path "./put*" | sort)" || echo WRITTEN >&2' EXIT
set +e
"$@"
exit
'''
READS = r'''
    set +e
    grep -rIsl --exclude-dir=_temp secret-of-the-machine /data /srv /etc /var /home /root 2>/dev/null | sed "s/^/READ$((1 + 1)) /"
    head -c 1 /srv/dev/zero >/dev/null 2>&1 && echo "OPENED$((1 + 1)) a device"
    unshare -C true 2>/dev/null && echo "MADE$((1 + 1)) a control group's namespace"
    echo looked-$((40 + 2))
'''


def judge(box, result):
    result.exits(0)
    result.lacks('WRITTEN')
    result.says('looked-42')
    result.lacks('READ2', 'OPENED2', 'MADE2')
    expect(not mounts(box), 'a mount is left')


@root_only
def test_what_another_machine_has(box):
    box.init(workflow(READS))
    judge(box, within(box, ['-m'], MADE_UP, REPO=box.repo, BOX=box.dir))


@root_only
def test_what_another_machine_has_for_a_user(box):
    box.init(workflow(READS))
    as_user(box)
    judge(box, within(box, ['-m'], MADE_UP, REPO=box.repo, BOX=box.dir))


@root_only
def test_a_device_of_the_machines_own_root(box):
    """On a file system whose ids are shown shifted, where the job's root owns what root owns."""
    box.init(workflow('! head -c 1 /srv/zero && ! head -c 1 /srv/below/zero && echo refused-$((40 + 2))'))
    result = within(box, ['-m'], '''
        mount -t tmpfs none /srv && mknod -m 600 /srv/zero c 1 5 && mkdir /srv/below
        mount -t tmpfs none /srv/below && mknod -m 600 /srv/below/zero c 1 5''')
    result.exits(0)
    result.says('refused-42', 'Permission denied')


def test_the_repository_of_a_worktree(box):
    box.init(workflow('! cat "$MAIN/README.md" "$MAIN/.git/config" && echo hidden-$((40 + 2))'))
    where = f'/var/lib/{os.path.basename(box.dir)}' if os.getuid() == 0 else f'{box.dir}/apart'
    try:
        subprocess.run(['cp', '-a', box.repo, where], check=True)
        box.git('worktree', 'add', '-q', f'{box.dir}/tree', '-b', 'side', cwd=where)
        result = sandboxed(box, '--env', f'MAIN={where}', cwd=f'{box.dir}/tree')
    finally:
        subprocess.run(['rm', '-rf', where], check=True)
    result.exits(0)
    result.says('hidden-42')


# Each of these must fail, and does no harm where it does not; what a command needs and is not there makes it
# fail, too.
ATTEMPTS = r'''
umount -l "$TOP" && cat "$HIDE"
mount --bind / /mnt && cat "/mnt$HIDE"
mount --rbind / /mnt && umount -l "/mnt$TOP" && cat "/mnt$HIDE"
mount -t tmpfs none /mnt && mkdir /mnt/u /mnt/w /mnt/m && mount -t overlay -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w none /mnt/m && cat "/mnt/m$HIDE"
unshare -Umr sh -c 'umount -l "$TOP" && cat "$HIDE"'
nsenter -t 1 -m cat "$HIDE"
cat "/proc/1/root$HIDE"
mount -o remount,rw /sys
mount -o remount,bind,rw /sys
mount -t devtmpfs none /mnt
mount -t debugfs none /mnt
mount -t securityfs none /mnt
mount -t cgroup2 none /mnt
mount -t cgroup -o memory none /mnt
unshare -C sh -c 'mount -t cgroup2 none /mnt && test -w /mnt/cgroup.procs'
mknod /tmp/node b 8 0
mknod /tmp/node c 1 1
: >>/proc/sys/kernel/core_pattern
: >>/proc/sysrq-trigger
unshare -pfm sh -c 'mount -t proc none /mnt && true >>/mnt/sys/kernel/core_pattern'
unshare -n sh -c 'mount -t sysfs none /mnt'
date -s "$(date)"
hostname changed
modprobe dummy
renice -n -5 -p 1
grep -q @ /proc/net/unix
ls -A "$TOP" | grep .
'''
TRIES = r'''
set +e
while read -r line; do
    ! timeout 10 unshare -m sh -c "$line" >/tmp/out 2>&1 || echo "GOT$((1 + 1)) $line: $(head -c 200 /tmp/out)"
done <<'END'
%s
END
echo tried-$((40 + 2))
'''


def check_attempts(box, become=lambda box: None):
    box.init(workflow(TRIES % ATTEMPTS.strip()))
    top = f'/var/lib/{os.path.basename(box.dir)}' if os.getuid() == 0 else box.dir
    hidden = f'{top}/home'
    try:
        os.makedirs(hidden, exist_ok=True)
        with open(f'{hidden}/key', 'w', encoding='ascii') as text:
            text.write('no-such-key\n')
        become(box)
        os.chmod(top, 0o755)
        box.env['HOME'] = hidden
        result = sandboxed(box, '--env', f'TOP={hidden}', '--env', f'HIDE={hidden}/key')
    finally:
        subprocess.run(['rm', '-rf', hidden], check=True)
        if top != box.dir:
            os.rmdir(top)
    result.exits(0)
    result.says('tried-42')
    result.lacks('GOT2', 'no-such-key')


def test_attempts_of_root(box):
    check_attempts(box)


def test_attempts_of_a_user(box):
    check_attempts(box, as_user)


@root_only
def test_attempts_of_root_in_a_user_namespace(box):
    """As in a container of a user's: every capability, and ids of which only some are known."""
    def become(box):
        plain = box.command
        box.command = lambda *args, **kwargs: ['unshare', '-U', '--map-root-user', *plain(*args, **kwargs)]
    check_attempts(box, become)


# A command as root of a user namespace whose ids are others outside.
MAPPED = '''
import ctypes, os, sys
ready, go = os.pipe(), os.pipe()
child = os.fork()
if child == 0:
    assert ctypes.CDLL(None).unshare(0x10000000) == 0
    os.write(ready[1], b'x')
    os.read(go[0], 1)
    os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    os.execv(sys.argv[1], sys.argv[1:])
os.read(ready[0], 1)
for name in 'uid_map', 'gid_map':
    with open(f'/proc/{child}/{name}', 'w') as text:
        text.write('0 100000 65536')
os.write(go[1], b'x')
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
'''


@root_only
def test_attempts_with_mapped_ids(box):
    """As in a container without root, whose ids are its user's subordinate ones."""
    def become(box):
        plain = box.command
        subprocess.run(['chown', '-R', '100000:100000', box.dir], check=True)
        shutil.copy(box.act_c, f'{box.dir}/act-c')
        box.command = lambda *args, **kwargs: ['/usr/bin/python3', '-c', MAPPED, f'{box.dir}/act-c',
                                               *plain(*args, **kwargs)[1:]]
    check_attempts(box, become)
