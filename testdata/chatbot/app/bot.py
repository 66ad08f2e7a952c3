"""What the chatbot answers. Pure: a message and the settings in, a text out."""
import re

RULES = [
    (r'\b(hi|hello|hey)\b', '{greeting}! How can I help you?'),
    (r'\bopening hours\b|\bopen\b', 'We are open from 9 to 17 on weekdays.'),
    (r'\b(order|delivery)\b.*?(\d+)', 'Order {1} is on its way.'),
    (r'\b(bye|thanks|thank you)\b', 'You are welcome. Good bye!'),
]


class TooLong(ValueError):
    """The message is longer than this environment allows."""


def answer(message, config):
    text = message.strip()
    if len(text) > config.max_length:
        raise TooLong(f'more than {config.max_length} characters')
    for pattern, reply in RULES:
        match = re.search(pattern, text, re.IGNORECASE)
        if match:
            return reply.format(*match.groups(), greeting=config.greeting)
    return 'Sorry, I did not understand that.'
