# The archives of OTA Connect, checked against the list of sums that came with them: local files are not checked by bitbake.

OTA_CONNECT_ARCH ?= "amd64"
OTA_CONNECT_ARCH:aarch64 = "arm64"

# Before styhead there was no folder of its own for what is unpacked.
UNPACKDIR ??= "${WORKDIR}"

python do_verify_sources() {
    import hashlib, os

    folder = d.getVar('OTA_CONNECT_SOURCES')
    sums = {}
    for arch in ('amd64', 'arm64'):
        listing = os.path.join(folder, 'SHA256SUMS-' + arch)
        if os.path.exists(listing):
            with open(listing) as lines:
                for line in lines:
                    value, name = line.split()
                    sums.setdefault(name, set()).add(value)
    for uri in d.getVar('SRC_URI').split():
        path = uri.replace('file://', '', 1).split(';')[0]
        if not path.startswith(folder):
            continue
        with open(path, 'rb') as archive:
            found = hashlib.sha256(archive.read()).hexdigest()
        if found not in sums.get(os.path.basename(path), ()):
            bb.fatal('%s is not what SHA256SUMS-* in %s says.' % (path, folder))
}
addtask verify_sources after do_fetch before do_unpack
