"""Settings by environment: .env.NAME holds what may be in the repository, the process environment
wins over it, and what is secret is never in a file."""
import dataclasses
import os

ENVIRONMENTS = ('dev', 'staging', 'production')


@dataclasses.dataclass(frozen=True)
class Config:
    environment: str
    greeting: str = 'Hello'
    log_chats: bool = False
    max_length: int = 500


def read_env_file(path):
    """KEY=VALUE lines; blank lines and comments are ignored."""
    values = {}
    with open(path, encoding='utf-8') as lines:
        for number, line in enumerate(lines, 1):
            line = line.strip()
            if not line or line.startswith('#'):
                continue
            key, equals, value = line.partition('=')
            if not equals:
                raise ValueError(f'{path}:{number}: expected KEY=VALUE')
            values[key.strip()] = value.strip().strip('"')
    return values


def load(environment, directory='.', environ=None):
    if environment not in ENVIRONMENTS:
        raise ValueError(f'unknown environment {environment!r}, not one of {", ".join(ENVIRONMENTS)}')
    values = read_env_file(os.path.join(directory, f'.env.{environment}'))
    values.update({k: v for k, v in (os.environ if environ is None else environ).items() if k in values})
    return Config(environment=environment, greeting=values['BOT_GREETING'],
                  log_chats=values['BOT_LOG_CHATS'] == 'yes', max_length=int(values['BOT_MAX_LENGTH']))
