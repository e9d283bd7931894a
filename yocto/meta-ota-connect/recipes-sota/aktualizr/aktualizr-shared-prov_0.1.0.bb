SUMMARY = "Provisioning with shared credentials: one archive for the fleet"

inherit aktualizr-sources

inherit allarch

RDEPENDS:${PN} = "aktualizr"

SOTA_PACKED_CREDENTIALS ??= ""
SOTA_DEPLOY_CREDENTIALS ??= "1"

do_install() {
    install -d ${D}${nonarch_libdir}/sota/conf.d
    install -m 0644 ${S}/packaging/config/sota-shared-cred.toml ${D}${nonarch_libdir}/sota/conf.d/20-sota-shared-cred.toml
    if [ -n "${SOTA_PACKED_CREDENTIALS}" ] && [ "${SOTA_DEPLOY_CREDENTIALS}" = "1" ]; then
        install -d -m 0700 ${D}${localstatedir}/sota
        install -m 0600 ${SOTA_PACKED_CREDENTIALS} ${D}${localstatedir}/sota/sota_provisioning_credentials.zip
    fi
}

# The archive is read when the image is made: a new one makes a new image.
do_install[file-checksums] += "${@(d.getVar('SOTA_PACKED_CREDENTIALS') or '') and d.getVar('SOTA_PACKED_CREDENTIALS') + ':True'}"

FILES:${PN} = "${nonarch_libdir}/sota/conf.d ${localstatedir}/sota"
