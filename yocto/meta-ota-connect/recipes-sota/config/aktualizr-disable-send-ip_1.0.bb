SUMMARY = "The address of the device stays with the device"

inherit sota-fragment

SOTA_FRAGMENT = "40-disable-send-ip.toml"
SOTA_FRAGMENT_LINES = '[telemetry]\nreport_network = false'
