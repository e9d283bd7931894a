SUMMARY = "Provisioning with device credentials whose keys are in a PKCS#11 token"

inherit aktualizr-sources

inherit allarch

RDEPENDS:${PN} = "aktualizr"
RRECOMMENDS:${PN} = "libp11 softhsm"

do_install() {
    install -d ${D}${nonarch_libdir}/sota/conf.d
    install -m 0644 ${S}/packaging/config/sota-device-cred-hsm.toml ${D}${nonarch_libdir}/sota/conf.d/20-sota-device-cred-hsm.toml
    install -d -m 0700 ${D}${localstatedir}/sota/import
}

FILES:${PN} = "${nonarch_libdir}/sota/conf.d ${localstatedir}/sota"
