"""What the whole-workflow tests share: repositories to rehearse, act-c started in them, its events
checked against their schema, and a look at what a run left behind.

Not for expectations: those are in the cases (testdata/run/*.yml and test/run/case_*.py)."""
import contextlib
import glob
import json
import os
import random
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
IMAGE = {name: f'act-c-test:{name}' for name in ('full', 'user', 'busybox', 'noshell')}
# No test is about speed: whoever waits for something waits that long, however busy the machine is.
PATIENCE = 90
# An agent that hears nothing ends after 30 s. What must be gone because somebody noticed an end at once is
# waited for less long than that.
NOTICED = 25


class Failure(Exception):
    """A case did not hold; the text says what was expected and what was there."""


def expect(condition, text):
    if not condition:
        raise Failure(text)


def docker(*args, check=True, timeout=PATIENCE, program='docker', env=None):
    done = subprocess.run([program, *args], capture_output=True, text=True, timeout=timeout, env=env)
    if check and done.returncode != 0:
        raise Failure(f'{program} {" ".join(args)}: {done.stderr.strip()}')
    return done.stdout.strip()


def soon(holds, text, within=PATIENCE):
    """Waits until holds(); text, or what text() says then, is the reason when it never does."""
    deadline = time.time() + within
    while not holds():
        if time.time() >= deadline:
            raise Failure(f'{within} s later: {text() if callable(text) else text}')
        time.sleep(0.05)


def quick_once(seconds, attempt, tries=4):
    """attempt() tells how long something took. A busy machine makes it slow, but not each time; a wait that
    is built in does."""
    took = []
    while len(took) < tries and (not took or took[-1] >= seconds):
        took.append(attempt())
    expect(took[-1] < seconds, f'not once within {seconds} s: {took}')


def free_port():
    """None that the system may give to a connection meanwhile, as it may those above 32767."""
    while True:
        port = random.randrange(12000, 30000)
        with contextlib.suppress(OSError):
            socket.create_server(('127.0.0.1', port)).close()
            return port


class Schema:
    """testdata/events.schema.json, loaded once; absent python3-jsonschema is a failure, not a skip."""
    validator = None

    @classmethod
    def check(cls, record):
        import jsonschema
        if cls.validator is None:
            with open(f'{ROOT}/testdata/events.schema.json', encoding='utf-8') as text:
                schema = json.load(text)
            cls.validator = jsonschema.validators.validator_for(schema)(schema)
        fault = next(cls.validator.iter_errors(record), None)
        expect(fault is None, f'event does not fit the schema: {fault and fault.message}: {record}')


def parse_events(text):
    """NDJSON as a list; every record is checked (of a long log, the first lines)."""
    events = []
    lines = 0
    for line in text.rstrip('\n').split('\n'):     # not splitlines(): strings hold U+2028 as it is
        try:
            events.append(json.loads(line))
        except ValueError:
            raise Failure(f'not JSON: {line[:200]!r}')
        lines += events[-1]['event'] == 'step.log'
        if lines < 300 or events[-1]['event'] != 'step.log':
            Schema.check(events[-1])
    return events


class Result:
    def __init__(self, status, out, err, seconds):
        self.status, self.out, self.err, self.seconds = status, out, err, seconds

    @property
    def log(self):
        return self.out + self.err

    def events(self, kind=None, **fields):
        """The records of a --json run (of one kind, with these fields)."""
        found = [e for e in parse_events(self.out) if kind in (None, e['event'])]
        return [e for e in found if all(e.get(k) == v for k, v in fields.items())]

    def says(self, *texts):
        for text in texts:
            expect(text in self.log, f'the output lacks {text!r}\n{self.tail()}')

    def lacks(self, *texts):
        for text in texts:
            expect(text not in self.log, f'the output has {text!r}\n{self.tail()}')

    def exits(self, *codes):
        expect(self.status in codes, f'exit status {self.status}, not {codes}\n{self.tail()}')

    def tail(self, lines=40):
        return '\n'.join('    | ' + line for line in self.log.splitlines()[-lines:])


class Sandbox:
    """A temporary home for act-c, and git repositories in it. Each case has one of its own, so that
    whatever bears its home id at the engine was left behind by this case."""

    def __init__(self, act_c, engine='docker'):
        self.act_c = os.path.abspath(act_c)
        self.engine = engine
        self.dir = tempfile.mkdtemp(prefix='act-c-case-')
        self.repo = f'{self.dir}/demo'
        # Nothing of the user's (configuration, secrets, git's variables) may colour a test.
        self.env = {k: v for k, v in os.environ.items()
                    if not k.startswith(('GIT_', 'XDG_', 'GITHUB_', 'RUNNER_', 'NO_COLOR', 'CLICOLOR'))}
        self.env.update(HOME=f'{self.dir}/home', XDG_STATE_HOME=f'{self.dir}/state',
                        XDG_CACHE_HOME=f'{self.dir}/cache', XDG_CONFIG_HOME=f'{self.dir}/config',
                        GIT_CONFIG_NOSYSTEM='1', TERM='dumb', LC_ALL='C.UTF-8',
                        ACTC_TESTDATA=os.path.abspath('testdata'))
        os.makedirs(self.env['HOME'])
        with open(f'{self.dir}/home/.gitconfig', 'w', encoding='ascii') as config:
            config.write('[user]\n\tname = Octo Cat\n\temail = octo@example.com\n')
        self.children = []

    def git(self, *args, cwd=None):
        done = subprocess.run(['git', *args], cwd=cwd or self.repo, env=self.env, capture_output=True,
                              text=True)
        expect(done.returncode == 0, f'git {args}: {done.stderr}')
        return done.stdout.strip()

    def write(self, path, text, mode=0o644):
        path = os.path.join(self.repo, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as out:
            out.write(text.encode() if isinstance(text, str) else text)
        os.chmod(path, mode)

    def init(self, workflow=None, name='test.yml', before=None):
        """octo/demo on branch main with one commit that holds the workflow."""
        os.makedirs(self.repo, exist_ok=True)
        self.git('init', '-q', '-b', 'main')
        self.git('remote', 'add', 'origin', 'https://github.com/octo/demo.git')
        self.write('README.md', 'demo\n')
        if workflow is not None:
            self.write(f'.github/workflows/{name}', workflow)
        if before:
            self.shell(before)
        self.git('add', '-A')
        self.git('commit', '-q', '-m', 'First')
        return self

    def shell(self, script, **env):
        done = subprocess.run(['bash', '-e', '-c', script], cwd=self.repo, env=dict(self.env, **env),
                              capture_output=True, text=True)
        expect(done.returncode == 0, f'{script}: exit {done.returncode}: {done.stdout}{done.stderr}')

    def command(self, *args, image='full'):
        """act-c run ARGS. Another engine than docker is named, unless the case names one itself."""
        mapped = ['-P', f'ubuntu-latest={IMAGE.get(image, image)}'] if image else []
        named = [] if self.engine == 'docker' or '--engine' in args else ['--engine', self.engine]
        return [self.act_c, 'run', *mapped, *named, *args]

    def run(self, *args, image='full', seconds=240, cwd=None, env=None, raw=False, input=None):
        """act-c run ARGS to its end. raw: the outputs stay bytes."""
        start = time.time()
        try:
            done = subprocess.run(self.command(*args, image=image), cwd=cwd or self.repo,
                                  env=dict(self.env, **(env or {})), input=input, capture_output=True,
                                  timeout=seconds, **({} if input else {'stdin': subprocess.DEVNULL}))
        except subprocess.TimeoutExpired as late:
            text = ((late.stdout or b'') + (late.stderr or b'')).decode('utf-8', 'replace')
            raise Failure(f'still running after {seconds} s\n{text[-3000:]}')
        out, err = done.stdout, done.stderr
        if not raw:
            out, err = out.decode('utf-8', 'replace'), err.decode('utf-8', 'replace')
        return Result(done.returncode, out, err, time.time() - start)

    def start(self, *args, image='full', env=None, before=()):
        """act-c run in the background, by the command `before`; its outputs go to files that until() reads."""
        out, err = open(f'{self.dir}/out', 'wb'), open(f'{self.dir}/err', 'wb')
        child = subprocess.Popen([*before, *self.command(*args, image=image)], cwd=self.repo, stdout=out, stderr=err,
                                 env=dict(self.env, **(env or {})), stdin=subprocess.DEVNULL,
                                 start_new_session=True)
        self.children.append(child)
        out.close()
        err.close()
        return child

    def output(self):
        text = ''
        for name in ('out', 'err'):
            with open(f'{self.dir}/{name}', encoding='utf-8', errors='replace') as part:
                text += part.read()
        return text

    def until(self, text, child, seconds=PATIENCE):
        """Waits for a text in the output of a started run."""
        deadline = time.time() + seconds
        while text not in self.output():
            ended = child.poll()             # before the last look: what it said at its end counts
            expect(ended is None or text in self.output(), f'ended ({ended}) before {text!r}\n{self.output()}')
            expect(time.time() < deadline, f'no {text!r} within {seconds} s\n{self.output()}')
            time.sleep(0.02)

    def interrupt_twice(self, child):
        """Two SIGINT, the second once the first was heeded: two that wait to be delivered are one."""
        child.send_signal(signal.SIGINT)
        self.until('Press Ctrl-C again', child)
        child.send_signal(signal.SIGINT)

    def ends(self, child, seconds=PATIENCE):
        """Waits for the end of a started run, at most that long; its result."""
        start = time.time()
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f'still running {seconds} s later\n{self.output()}')
        return Result(child.returncode, self.output(), '', time.time() - start)

    def kept_events(self):
        """The newest run directory's events."""
        files = sorted(glob.glob(f'{self.dir}/state/act-c/runs/*/events.ndjson'))
        expect(files, 'the run directory holds no events.ndjson')
        with open(files[-1], encoding='utf-8') as text:
            return parse_events(text.read())

    def home_id(self):
        with contextlib.suppress(OSError), open(f'{self.dir}/state/act-c/home', encoding='ascii') as text:
            return text.read().strip()
        return None

    def at_engine(self):
        """What bears this home's id: containers, volumes, networks, as a list of words."""
        home = self.home_id()
        if home is None or self.engine not in ('docker', 'podman'):
            return []
        label = f'label=act-c.home={home}'

        def listed(*what, tries=10):
            try:
                return docker(*what, '-q', '--filter', label, program=self.engine, env=self.env).split()
            except Failure:                  # podman's, of what another process is just taking away
                if tries == 0 or self.engine != 'podman':
                    raise
                time.sleep(0.2)
                return listed(*what, tries=tries - 1)
        return ([f'container {c}' for c in listed('ps', '-a')]
                + [f'volume {v}' for v in listed('volume', 'ls')]
                + [f'network {n}' for n in listed('network', 'ls')])

    def pids(self):
        """Of processes that belong to this case, by its state directory: (pid, command line)."""
        for path in glob.glob('/proc/[0-9]*/environ'):
            with contextlib.suppress(OSError), open(path, 'rb') as environ:
                if self.env['XDG_STATE_HOME'].encode() in environ.read():
                    with open(path.replace('environ', 'cmdline'), 'rb') as line:
                        yield int(path.split('/')[2]), line.read().replace(b'\0', b' ').decode('utf-8', 'replace').strip()

    def processes(self):
        return [line for _, line in self.pids() if line]

    def kill_all(self):
        """SIGKILL to each at once: they are stopped first, so that none sees another's end."""
        found = [pid for pid, _ in self.pids()]
        for signo in (signal.SIGSTOP, signal.SIGKILL):
            for pid in found:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signo)

    def nothing_left(self, within=NOTICED):
        """No process, container, network, and no volume that is not a cache."""
        left = []

        def gone():
            left[:] = self.at_engine() + [f'process {p}' for p in self.processes()]
            return not left
        soon(gone, lambda: f'left behind: {left}', within)

    def close(self):
        for child in self.children:
            if child.poll() is None:
                with contextlib.suppress(OSError):     # not every one leads a group
                    os.killpg(child.pid, signal.SIGKILL)
                child.kill()
                child.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


def header(text, key):
    """The values of `# key: value` lines at the top of a workflow file."""
    return [m.group(1) for m in re.finditer(rf'^# {key}: ?(.*)$', text, re.M)]


def words(lines):
    return [w.encode().decode('unicode_escape') for w in shlex.split(' '.join(lines))]
