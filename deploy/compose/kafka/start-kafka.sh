#!/bin/bash
# One broker and controller in one process (KRaft). Agencies and relays log in by SCRAM; the controller's own listener is
# loopback inside the container. The admin's password comes from a file and goes into a configuration in memory (tmpfs).
set -euo pipefail
umask 077

home=${KAFKA_HOME:-/opt/kafka}
secrets=${SECRETS_DIRECTORY:-/run/secrets}
data=${KAFKA_DATA:-/var/lib/kafka/data}
runtime=${KAFKA_RUNTIME:-/tmp/renkei}
host=${KAFKA_INTERNAL_HOST:?}
bind=${KAFKA_BIND:-0.0.0.0}
internal=${KAFKA_INTERNAL_PORT:-9092} controller=${KAFKA_CONTROLLER_PORT:-9093} external=${KAFKA_EXTERNAL_PORT:-9094}

admin=$(<"$secrets/kafka_admin")
jaas="org.apache.kafka.common.security.scram.ScramLoginModule required username=\"admin\" password=\"$admin\";"
mkdir -p "$runtime"

cat >"$runtime/server.properties" <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
controller.listener.names=CONTROLLER
listeners=INTERNAL://$bind:$internal,EXTERNAL://$bind:$external,CONTROLLER://127.0.0.1:$controller
advertised.listeners=INTERNAL://$host:$internal,EXTERNAL://127.0.0.1:$external
inter.broker.listener.name=INTERNAL
listener.security.protocol.map=INTERNAL:SASL_PLAINTEXT,EXTERNAL:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-256
sasl.enabled.mechanisms=SCRAM-SHA-256
listener.name.internal.sasl.enabled.mechanisms=SCRAM-SHA-256
listener.name.internal.scram-sha-256.sasl.jaas.config=$jaas
listener.name.external.sasl.enabled.mechanisms=SCRAM-SHA-256
listener.name.external.scram-sha-256.sasl.jaas.config=$jaas
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
# nobody is anonymous but on the controller's listener, which is loopback
super.users=User:admin;User:ANONYMOUS
log.dirs=$data
auto.create.topics.enable=false
num.partitions=1
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# at most 30 days: a topic's own setting may only be shorter
log.retention.ms=2592000000
PROPERTIES

cat >"$runtime/admin.properties" <<PROPERTIES
bootstrap.servers=127.0.0.1:$internal
security.protocol=SASL_PLAINTEXT
sasl.mechanism=SCRAM-SHA-256
sasl.jaas.config=$jaas
PROPERTIES

if [ ! -f "$data/meta.properties" ]; then
  # what it prints would show the admin's salted keys
  "$home/bin/kafka-storage.sh" format -t "$("$home/bin/kafka-storage.sh" random-uuid)" -c "$runtime/server.properties" \
    --add-scram "SCRAM-SHA-256=[name=admin,password=$admin]" >/dev/null
fi
exec "$home/bin/kafka-server-start.sh" "$runtime/server.properties"
