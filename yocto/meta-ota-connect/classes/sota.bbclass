# An image with the update client: INHERIT += "sota" in the distribution or local.conf. The names are meta-updater's.

SOTA_CLIENT ??= "aktualizr"
SOTA_CLIENT_PROV ??= "aktualizr-shared-prov"
SOTA_CLIENT_FEATURES ??= ""
SOTA_HARDWARE_ID ??= "${MACHINE}"
SOTA_PACKED_CREDENTIALS ??= ""
SOTA_DEPLOY_CREDENTIALS ??= "1"

SOTA_FEATURE_PACKAGES = "${@bb.utils.contains('SOTA_CLIENT_FEATURES', 'ubootenv', 'aktualizr-uboot-env-rollback', '', d)}"

IMAGE_INSTALL:append = " ${SOTA_CLIENT} ${SOTA_CLIENT_PROV} aktualizr-info aktualizr-hwid ${SOTA_FEATURE_PACKAGES}"

# What the device reports as installed: a line for each package, name and version.
python sota_package_manifest() {
    import os
    from oe.rootfs import image_list_installed_packages

    place = os.path.join(d.getVar('IMAGE_ROOTFS'), 'usr', 'package.manifest')
    packages = image_list_installed_packages(d)
    with open(place, 'w') as manifest:
        for name in sorted(packages):
            manifest.write('%s %s\n' % (name, packages[name].get('ver') or 'unknown'))
}
ROOTFS_POSTPROCESS_COMMAND:append = " sota_package_manifest;"
