#!/bin/bash
# Run once by the image, on an empty data directory: a role and a database for each party's read models, closed to the others.
set -euo pipefail

for party in ${RENKEI_PARTIES:?}; do
  # psql reads the password itself: it stands in no argument
  psql --no-psqlrc --set=ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres \
    --set=party="$party" --set=file="${SECRETS_DIRECTORY:-/run/secrets}/postgres_$party" <<'SQL'
\set password `cat :'file'`
CREATE ROLE :"party" LOGIN PASSWORD :'password';
CREATE DATABASE :"party" OWNER :"party";
REVOKE ALL ON DATABASE :"party" FROM PUBLIC;
SQL
done
