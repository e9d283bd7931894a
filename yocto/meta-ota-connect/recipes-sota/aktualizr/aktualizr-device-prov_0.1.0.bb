SUMMARY = "Provisioning with device credentials, put into /var/sota/import when the device is made"

inherit aktualizr-sources

inherit allarch

RDEPENDS:${PN} = "aktualizr"

do_install() {
    install -d ${D}${nonarch_libdir}/sota/conf.d
    install -m 0644 ${S}/packaging/config/sota-device-cred.toml ${D}${nonarch_libdir}/sota/conf.d/20-sota-device-cred.toml
    install -d -m 0700 ${D}${localstatedir}/sota/import
}

FILES:${PN} = "${nonarch_libdir}/sota/conf.d ${localstatedir}/sota"
