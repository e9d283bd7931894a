# The archive with the bundled commands, the unit and the configuration samples, for all recipes that take from it.
LICENSE = "Apache-2.0"
LIC_FILES_CHKSUM = "file://LICENSE;md5=3b83ef96387f14655fc854ddc3c6bd57"

inherit ota-connect-sources

SRC_URI = "file://${OTA_CONNECT_SOURCES}/aktualizr-${PV}.tar"
S = "${UNPACKDIR}/aktualizr-${PV}"

do_configure[noexec] = "1"
do_compile[noexec] = "1"
