SUMMARY = "Software comes as single files, not as OSTree commits"

inherit sota-fragment

SOTA_FRAGMENT = "30-binary-pacman.toml"
SOTA_FRAGMENT_LINES = '[pacman]\ntype = "none"'
