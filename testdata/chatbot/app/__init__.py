"""A small chatbot backend: rules in app.bot, settings in app.config, HTTP in app.server."""
