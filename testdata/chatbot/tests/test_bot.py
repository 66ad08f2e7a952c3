import os
import unittest

from app import bot, config


class BotTest(unittest.TestCase):
    def setUp(self):
        self.config = config.load(os.environ.get('BOT_ENV', 'dev'), environ={})

    def ask(self, text):
        return bot.answer(text, self.config)

    def test_greets_as_configured(self):
        self.assertTrue(self.ask('hello there').startswith(self.config.greeting))

    def test_finds_the_number_of_an_order(self):
        self.assertEqual(self.ask('Where is my order no. 4711?'), 'Order 4711 is on its way.')

    def test_knows_the_opening_hours(self):
        self.assertIn('9 to 17', self.ask('When are you OPEN?'))

    def test_says_when_it_does_not_understand(self):
        self.assertEqual(self.ask('xyzzy'), 'Sorry, I did not understand that.')

    def test_refuses_long_messages(self):
        with self.assertRaises(bot.TooLong):
            self.ask('x' * (self.config.max_length + 1))
