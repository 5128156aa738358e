import logging.config

logging.config.dictConfig(
    {
        "version": 1,
        "formatters": {"json": {"()": "pythonjsonlogger.json.JsonFormatter"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"]},
    }
)


def GET():
    return type(logging.getLogger().handlers[0].formatter).__name__
