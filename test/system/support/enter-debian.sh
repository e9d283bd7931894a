#!/bin/sh
# Runs as PID 1 of new namespaces: lays a layer in memory over the folder, gives it what a machine has, and becomes its
# systemd (`booted`) or waits (`folder`). Killed, everything is gone with its namespaces.
set -e
kind=$1
base=$2

mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay -o "lowerdir=$base,upperdir=/mnt/upper,workdir=/mnt/work" overlay /mnt/root
root=/mnt/root

mount -t proc proc $root/proc
mount -t sysfs -o ro sysfs $root/sys
mount -t tmpfs -o mode=755 tmpfs $root/run
mount -t tmpfs tmpfs $root/tmp
mount -t tmpfs -o mode=755 tmpfs $root/dev
for device in null zero full random urandom tty; do
  touch $root/dev/$device
  mount --bind /dev/$device $root/dev/$device
done
mkdir $root/dev/pts $root/dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts $root/dev/pts
ln -s pts/ptmx $root/dev/ptmx

if [ "$kind" = folder ]; then
  touch $root/run/machine-is-up
  exec chroot $root sleep infinity
fi

# A group of its own in the unified hierarchy, and then a namespace in which that group is the root.
mkdir /mnt/cgroup
mount -t cgroup2 cgroup2 /mnt/cgroup
group=/mnt/cgroup/ota-connect-machine-$(cat /proc/sys/kernel/random/uuid)
mkdir "$group"
echo $$ >"$group/cgroup.procs"
exec unshare --cgroup sh -c "mount -t cgroup2 cgroup2 $root/sys/fs/cgroup
  cd $root
  exec env -i container=nspawn PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot . /lib/systemd/systemd --log-target=journal --show-status=0"
