SUMMARY = "How often the server is asked, in seconds"

inherit sota-fragment

SOTA_FRAGMENT = "60-polling-interval.toml"
SOTA_FRAGMENT_LINES = '[uptane]\npolling_sec = ${SOTA_POLLING_SEC}'

SOTA_POLLING_SEC ?= "3600"
