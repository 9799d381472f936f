#!/bin/sh
# Makes what a first start needs on this machine: .env (with the group that may read the secrets) and the secret files.
# What is there already is left alone. The directory is closed to others; the files are open to owner and group.
set -eu
umask 077
cd "$(dirname "$0")"

[ -f .env ] || cp .env.example .env
grep -q '^RENKEI_GID=' .env || printf '# Group of the secret files, given to the containers that read them.\nRENKEI_GID=%s\n' "$(id -g)" >>.env
chmod 644 .env

mkdir -p secrets/kafka-agencies
# bind-mounted into the container that makes Kafka's users, which runs in this group
chmod 750 secrets secrets/kafka-agencies

secret() { # FILE: 32 random bytes, hex
  [ -s "$1" ] && return
  od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"$1.new"
  chmod 440 "$1.new"
  mv "$1.new" "$1"
}

for name in kafka_admin kafka_is-east kafka_is-west postgres_admin postgres_core postgres_is-east postgres_is-west grafana_admin; do
  secret "secrets/$name"
done
# Kafka passwords of agencies: one file an agency, named by its code. More: sh prepare.sh CODE…, then docker compose run --rm kafka-init
for code in "$@"; do
  case "$code" in
    *[!0-9A-Za-z-]* | '') echo "no agency code: $code" >&2; exit 2 ;;
  esac
  secret "secrets/kafka-agencies/$code"
done
