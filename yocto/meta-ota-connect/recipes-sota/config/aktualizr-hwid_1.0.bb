SUMMARY = "The hardware id that updates are made for"

inherit sota-fragment

SOTA_FRAGMENT = "40-hardware-id.toml"
SOTA_FRAGMENT_LINES = '[provision]\nprimary_ecu_hardware_id = "${SOTA_HARDWARE_ID}"'

SOTA_HARDWARE_ID ??= "${MACHINE}"
PACKAGE_ARCH = "${MACHINE_ARCH}"
