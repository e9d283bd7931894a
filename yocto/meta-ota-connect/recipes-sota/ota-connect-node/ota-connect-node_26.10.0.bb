SUMMARY = "The pinned Node.js that the OTA Connect device commands run on"
DESCRIPTION = "Prebuilt, for aktualizr alone: it lies in /usr/lib/ota-connect and is in nobody's PATH."
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://LICENSE;md5=91714ce137cce8ffea829e50d3341205"

inherit ota-connect-sources

SRC_URI = "file://${OTA_CONNECT_SOURCES}/ota-connect-node-${PV}-${OTA_CONNECT_ARCH}.tar"
S = "${UNPACKDIR}/ota-connect-node-${PV}-${OTA_CONNECT_ARCH}"

COMPATIBLE_HOST = "(x86_64|aarch64).*-linux"
RDEPENDS:${PN} = "libatomic libstdc++ libgcc"

do_configure[noexec] = "1"
do_compile[noexec] = "1"

do_install() {
    install -d ${D}${nonarch_libdir}/ota-connect/bin
    install -m 0755 ${S}/bin/node ${D}${nonarch_libdir}/ota-connect/bin/node
}

FILES:${PN} = "${nonarch_libdir}/ota-connect/bin/node"
INSANE_SKIP:${PN} += "already-stripped ldflags"
