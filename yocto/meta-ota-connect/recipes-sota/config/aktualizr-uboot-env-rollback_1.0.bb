SUMMARY = "U-Boot counts boots and goes back by itself"

inherit sota-fragment

SOTA_FRAGMENT = "30-rollback.toml"
SOTA_FRAGMENT_LINES = '[bootloader]\nrollback_mode = "uboot_masked"'

RDEPENDS:${PN} = "libubootenv-bin"
