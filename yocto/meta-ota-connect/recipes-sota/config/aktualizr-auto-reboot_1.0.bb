SUMMARY = "The device reboots by itself when an installation needs it"

inherit sota-fragment

SOTA_FRAGMENT = "35-auto-reboot.toml"
SOTA_FRAGMENT_LINES = '[uptane]\nforce_install_completion = true'
