#!/usr/bin/env bash
# Install what the tests start for real: Prometheus (with promtool), VictoriaMetrics, HAProxy, Redis, the Redis and
# blackbox exporters, Node.js, and a browser with a font. Nothing is left running.
set -euo pipefail

missing=()
command -v prometheus >/dev/null || missing+=(prometheus)
command -v victoria-metrics >/dev/null || missing+=(victoria-metrics)
command -v haproxy >/dev/null || missing+=(haproxy)
command -v redis-server >/dev/null || missing+=(redis-server)
command -v prometheus-redis-exporter >/dev/null || missing+=(prometheus-redis-exporter)
command -v prometheus-blackbox-exporter >/dev/null || missing+=(prometheus-blackbox-exporter)
command -v node >/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)
command -v chromium >/dev/null || missing+=(chromium)
ldconfig -p | grep -q 'libatomic\.so\.1' || missing+=(libatomic1) # the browser driver's own Node.js needs it
find /usr/share/fonts -name '*.[to]tf' 2>/dev/null | grep -q . || missing+=(fonts-dejavu-core)
[[ ${#missing[@]} == 0 ]] && exit 0

if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
    echo "breakwatch: the tests need ${missing[*]}" >&2
    echo "  try: sudo apt-get install ${missing[*]}" >&2
    exit 1
fi

# Debian starts what it installs. policy-rc.d says no for the length of this script; one that is there is left alone.
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
fi

printf '==> Installing %s\n' "${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get update -q >&2
apt-get install -y -q --no-install-recommends "${missing[@]}" >&2
# Installed now, wanted never: the tests start their own on their own ports.
if command -v systemctl >/dev/null && [[ -d /run/systemd/system ]]; then
    for package in "${missing[@]}"; do
        for unit in $(dpkg -L "$package" | sed -n 's|^.*/systemd/system/\([^/@]*\.service\)$|\1|p'); do
            systemctl disable --now "$unit" >&2 || true
        done
    done
fi
