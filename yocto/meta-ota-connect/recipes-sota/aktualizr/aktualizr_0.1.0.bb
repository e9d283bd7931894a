SUMMARY = "Over-the-air update client of OTA Connect"
DESCRIPTION = "Keeps the device up to date as the Uptane Standard says; a service, or step by step from the command line."
SECTION = "base"

inherit aktualizr-sources

inherit systemd useradd

# Today's bitbake gives the spelling of older guides, SYSTEMD_AUTO_ENABLE_aktualizr, no effect by itself: it is honoured
# here. SYSTEMD_AUTO_ENABLE:aktualizr wins over it, and over the recipe's SYSTEMD_AUTO_ENABLE:pn-aktualizr.
SYSTEMD_AUTO_ENABLE:aktualizr ?= "${@d.getVar('SYSTEMD_AUTO_ENABLE_aktualizr') or d.getVar('SYSTEMD_AUTO_ENABLE') or 'enable'}"
SYSTEMD_PACKAGES = "aktualizr"
SYSTEMD_SERVICE:aktualizr = "aktualizr.service"

USERADD_PACKAGES = "aktualizr"
GROUPADD_PARAM:aktualizr = "--system aktualizr"

RESOURCE_CPU_WEIGHT ?= "100"
RESOURCE_MEMORY_HIGH ?= "150M"
RESOURCE_MEMORY_MAX ?= "80%"

SOTA_COMMANDS = "aktualizr aktualizr-info aktualizr-get aktualizr-cert-provider"

do_install() {
    install -d ${D}${nonarch_libdir}/ota-connect/device
    install -m 0644 ${S}/device/*.js ${D}${nonarch_libdir}/ota-connect/device/

    install -d ${D}${bindir}
    for command in ${SOTA_COMMANDS}; do
        sed -e "s#@COMMAND@#$command#" ${S}/packaging/bin/command > ${D}${bindir}/$command
        chmod 0755 ${D}${bindir}/$command
    done

    install -d ${D}${systemd_system_unitdir}/aktualizr.service.d
    install -m 0644 ${S}/packaging/systemd/aktualizr.service ${D}${systemd_system_unitdir}/aktualizr.service
    sed -e 's#^CPUWeight=.*#CPUWeight=${RESOURCE_CPU_WEIGHT}#' \
        -e 's#^MemoryHigh=.*#MemoryHigh=${RESOURCE_MEMORY_HIGH}#' \
        -e 's#^MemoryMax=.*#MemoryMax=${RESOURCE_MEMORY_MAX}#' \
        ${S}/packaging/systemd/10-resource-control.conf \
        > ${D}${systemd_system_unitdir}/aktualizr.service.d/10-resource-control.conf
    chmod 0644 ${D}${systemd_system_unitdir}/aktualizr.service.d/10-resource-control.conf

    install -d ${D}${nonarch_libdir}/tmpfiles.d ${D}${datadir}/dbus-1/system.d
    install -m 0644 ${S}/packaging/systemd/aktualizr.tmpfiles ${D}${nonarch_libdir}/tmpfiles.d/aktualizr.conf
    install -m 0644 ${S}/packaging/systemd/dbus-policy.conf ${D}${datadir}/dbus-1/system.d/org.otaconnect.Aktualizr1.conf

    install -d ${D}${nonarch_libdir}/sota/conf.d ${D}${sysconfdir}/sota/conf.d ${D}${sysconfdir}/default
    install -m 0644 ${S}/packaging/config/05-production.toml ${D}${nonarch_libdir}/sota/conf.d/05-production.toml
    install -m 0644 ${S}/packaging/config/sota-*.toml ${D}${nonarch_libdir}/sota/
    install -m 0644 ${S}/packaging/config/default-aktualizr ${D}${sysconfdir}/default/aktualizr
}

PACKAGES =+ "aktualizr-lib aktualizr-info aktualizr-get aktualizr-cert-provider aktualizr-configs aktualizr-resource-control"

FILES:aktualizr = "${bindir}/aktualizr ${systemd_system_unitdir}/aktualizr.service ${nonarch_libdir}/tmpfiles.d \
    ${datadir}/dbus-1 ${nonarch_libdir}/sota/conf.d ${sysconfdir}"
FILES:aktualizr-lib = "${nonarch_libdir}/ota-connect/device"
FILES:aktualizr-info = "${bindir}/aktualizr-info"
FILES:aktualizr-get = "${bindir}/aktualizr-get"
FILES:aktualizr-cert-provider = "${bindir}/aktualizr-cert-provider"
FILES:aktualizr-configs = "${nonarch_libdir}/sota/*.toml"
FILES:aktualizr-resource-control = "${systemd_system_unitdir}/aktualizr.service.d"
CONFFILES:aktualizr = "${sysconfdir}/default/aktualizr"

RDEPENDS:aktualizr = "aktualizr-lib"
RDEPENDS:aktualizr-lib = "ota-connect-node"
RDEPENDS:aktualizr-info = "aktualizr-lib"
RDEPENDS:aktualizr-get = "aktualizr-lib"
RDEPENDS:aktualizr-cert-provider = "aktualizr-lib"
RDEPENDS:aktualizr-resource-control = "aktualizr"

# The commands start a little sooner with code that is compiled for the processor they run on; a read-only image goes
# without.
pkg_postinst_ontarget:aktualizr-lib() {
    ${nonarch_libdir}/ota-connect/bin/node ${nonarch_libdir}/ota-connect/device/code-cache.js || true
}
