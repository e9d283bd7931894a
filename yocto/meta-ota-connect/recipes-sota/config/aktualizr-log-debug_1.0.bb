SUMMARY = "Everything the client does is in the journal"

inherit sota-fragment

SOTA_FRAGMENT = "05-log-debug.toml"
SOTA_FRAGMENT_LINES = '[logger]\nloglevel = 0'
