#!/bin/sh
# Makes a Debian package of a program that is built already.
#
#   scripts/deb/build.sh PROGRAM VERSION ARCHITECTURE OUTPUT.deb
#
# VERSION is what `git describe --tags --always` says. Needs dpkg-deb, nothing else.
set -eu
if [ $# -ne 4 ]; then
	echo "usage: scripts/deb/build.sh PROGRAM VERSION ARCHITECTURE OUTPUT.deb" >&2
	exit 2
fi
program=$1 release=$2 architecture=$3 output=$4
here=$(cd "$(dirname "$0")" && pwd)

# debian_version turns v1.2.0-3-gabc1234-dirty into 1.2.0+3.gabc1234.dirty, and a mere
# commit, as there is before the first tag, into 0~COMMIT: older than every release.
debian_version() {
	case $1 in
	v[0-9]*) echo "${1#v}" | sed 's/-/+/; s/-/./g' ;;
	[0-9]*.[0-9]*) echo "$1" | sed 's/-/+/; s/-/./g' ;;
	*) echo "0~$1" | sed 's/-/./g' ;;
	esac
}

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
chmod 755 "$tree"
install -D -m 755 "$program" "$tree/usr/bin/mysqlda"
install -D -m 644 "$here/../systemd/mysqlda.service" "$tree/usr/lib/systemd/system/mysqlda.service"
install -D -m 644 "$here/../systemd/mysqlda.socket" "$tree/usr/share/doc/mysqlda/examples/mysqlda.socket"
install -D -m 644 "$here/../../LICENSE" "$tree/usr/share/doc/mysqlda/copyright"
install -D -m 644 "$here/files/mysqlda.default" "$tree/etc/default/mysqlda"
install -d -m 755 "$tree/etc/mysqlda" "$tree/usr/share/bash-completion/completions" \
	"$tree/usr/share/zsh/vendor-completions" "$tree/usr/share/fish/vendor_completions.d"
"$program" completion bash >"$tree/usr/share/bash-completion/completions/mysqlda"
"$program" completion zsh >"$tree/usr/share/zsh/vendor-completions/_mysqlda"
"$program" completion fish >"$tree/usr/share/fish/vendor_completions.d/mysqlda.fish"
"$program" init -f "$tree/etc/mysqlda/mysqlda.conf" >/dev/null
sed -i 's#"data_dir": "mysqlda-data", // relative to this file#"data_dir": "/var/lib/mysqlda",#' "$tree/etc/mysqlda/mysqlda.conf"
grep -q '"data_dir": "/var/lib/mysqlda"' "$tree/etc/mysqlda/mysqlda.conf"
chmod 640 "$tree/etc/mysqlda/mysqlda.conf"

mkdir "$tree/DEBIAN"
printf '%s\n' /etc/mysqlda/mysqlda.conf /etc/default/mysqlda >"$tree/DEBIAN/conffiles"
sed -e "s/@VERSION@/$(debian_version "$release")/" -e "s/@ARCHITECTURE@/$architecture/" \
	-e "s/@SIZE@/$(du -sk "$tree" | cut -f 1)/" "$here/files/control" >"$tree/DEBIAN/control"
for script in postinst prerm postrm; do
	install -m 755 "$here/files/$script" "$tree/DEBIAN/$script"
done
(cd "$tree" && find . -type f ! -path './DEBIAN/*' ! -path './etc/*' -printf '%P\0' | LC_ALL=C sort -z | xargs -0 md5sum) >"$tree/DEBIAN/md5sums"
chmod 644 "$tree/DEBIAN/conffiles" "$tree/DEBIAN/control" "$tree/DEBIAN/md5sums"
dpkg-deb --root-owner-group --build "$tree" "$output" >/dev/null
echo "$output"
