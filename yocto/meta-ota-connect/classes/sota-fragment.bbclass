# A recipe that puts one fragment of configuration on the image: SOTA_FRAGMENT is its file name, SOTA_FRAGMENT_LINES its
# lines, separated by "\n". A file of the same name in /etc/sota/conf.d replaces it.

LICENSE = "Apache-2.0"
LIC_FILES_CHKSUM = "file://${COREBASE}/meta/files/common-licenses/Apache-2.0;md5=89aea4e17d99a7cacdbeed46a0096b10"

UNPACKDIR ??= "${WORKDIR}"
S = "${UNPACKDIR}"

do_configure[noexec] = "1"
do_compile[noexec] = "1"

do_install() {
    install -d ${D}${nonarch_libdir}/sota/conf.d
    printf '${SOTA_FRAGMENT_LINES}\n' > ${D}${nonarch_libdir}/sota/conf.d/${SOTA_FRAGMENT}
    chmod 0644 ${D}${nonarch_libdir}/sota/conf.d/${SOTA_FRAGMENT}
}

FILES:${PN} = "${nonarch_libdir}/sota/conf.d/${SOTA_FRAGMENT}"
