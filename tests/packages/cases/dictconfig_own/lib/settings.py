LOGGING = {
    "version": 1,
    "formatters": {"f": {"()": "lib.formats.Loud"}},
    "handlers": {"h": {"class": "lib.sinks.Sink", "formatter": "f"}},
    "loggers": {"shop": {"handlers": ["h"]}},
}
