#!/bin/bash
# Users and their rights. May run again: a user gets the password that stands in its file, an ACL is added once.
#   relay-<server>   writes the topics of agencies and its own position, and may make both (transactional id: its own)
#   agency-<code>    reads its own topic, in consumer groups of its own; writes and reads its own dead letters. Nothing else.
# Topics of agencies are made by the relay; those of dead letters here, since only agencies write them.
set -euo pipefail
umask 077

home=${KAFKA_HOME:-/opt/kafka}
secrets=${SECRETS_DIRECTORY:-/run/secrets}
agencies=${AGENCIES_DIRECTORY:-/run/agencies}
runtime=${KAFKA_RUNTIME:-/tmp/renkei}
bootstrap=${KAFKA_BOOTSTRAP:?}
prefix=${KAFKA_TOPIC_PREFIX:?}
deployment=${DEPLOYMENT:?}
relays=${KAFKA_RELAYS:?}

mkdir -p "$runtime"
cat >"$runtime/init.properties" <<PROPERTIES
security.protocol=SASL_PLAINTEXT
sasl.mechanism=SCRAM-SHA-256
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="admin" password="$(<"$secrets/kafka_admin")";
PROPERTIES

acl() { "$home/bin/kafka-acls.sh" --bootstrap-server "$bootstrap" --command-config "$runtime/init.properties" --add "$@" >/dev/null; }
user() { # NAME PASSWORD_FILE: by a file, so that no list of processes shows the password
  printf 'SCRAM-SHA-256=iterations=8192,password=%s\n' "$(<"$2")" >"$runtime/scram"
  "$home/bin/kafka-configs.sh" --bootstrap-server "$bootstrap" --command-config "$runtime/init.properties" \
    --alter --entity-type users --entity-name "$1" --add-config-file "$runtime/scram" >/dev/null
  rm "$runtime/scram"
  echo "user $1"
}

# shellcheck disable=SC2086 # names, parted by blanks
for server in $relays; do
  user "relay-$server" "$secrets/kafka_$server"
  acl --allow-principal "User:relay-$server" --operation Create --operation Describe --operation DescribeConfigs --operation Write \
    --topic "$prefix" --resource-pattern-type prefixed
  acl --allow-principal "User:relay-$server" --operation Create --operation Describe --operation DescribeConfigs --operation Read --operation Write \
    --topic "${prefix%agency.}relay.$server"
  acl --allow-principal "User:relay-$server" --operation Describe --operation Write --transactional-id "renkei-relay-$deployment-$server"
  # the relay reads its position without a group's offsets; clients open one by the way
  acl --allow-principal "User:relay-$server" --operation Describe --operation Read --group "renkei-relay-$deployment-$server" --resource-pattern-type prefixed
done

for file in "$agencies"/*; do
  [ -f "$file" ] || continue
  code=$(basename "$file")
  user "agency-$code" "$file"
  # the same rights at its topic, and at groups whose names begin like it
  acl --allow-principal "User:agency-$code" --operation Describe --operation Read --topic "$prefix$code"
  acl --allow-principal "User:agency-$code" --operation Describe --operation Read --group "agency-$code" --resource-pattern-type prefixed
  "$home/bin/kafka-topics.sh" --bootstrap-server "$bootstrap" --command-config "$runtime/init.properties" \
    --create --if-not-exists --topic "$prefix$code.dead" --partitions 1 --replication-factor "${KAFKA_REPLICATION:-1}" --config retention.ms=2592000000 >/dev/null
  acl --allow-principal "User:agency-$code" --operation Describe --operation Read --operation Write --topic "$prefix$code.dead"
done
