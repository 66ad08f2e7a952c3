import os
import tempfile
import unittest

from app import config


class ConfigTest(unittest.TestCase):
    def test_every_environment_has_all_settings(self):
        for name in config.ENVIRONMENTS:
            with self.subTest(name):
                self.assertEqual(config.load(name, environ={}).environment, name)

    def test_production_is_strict(self):
        production = config.load('production', environ={})
        self.assertFalse(production.log_chats)
        self.assertLessEqual(production.max_length, config.load('dev', environ={}).max_length)

    def test_process_environment_wins(self):
        self.assertEqual(config.load('dev', environ={'BOT_GREETING': 'Moin'}).greeting, 'Moin')

    def test_unknown_environment(self):
        with self.assertRaises(ValueError):
            config.load('qa')

    def test_faulty_line_is_named(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, '.env.dev')
            with open(path, 'w', encoding='ascii') as out:
                out.write('# fine\nBOT_GREETING\n')
            with self.assertRaisesRegex(ValueError, ':2: expected'):
                config.load('dev', directory)

    def test_no_secret_is_in_the_files(self):
        for name in config.ENVIRONMENTS:
            for key in config.read_env_file(f'.env.{name}'):
                self.assertNotRegex(key, 'KEY|TOKEN|SECRET|PASSWORD')
