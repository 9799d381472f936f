#!/bin/bash
# The broker's health check: the admin can log in and the cluster answers.
set -euo pipefail
home=${KAFKA_HOME:-/opt/kafka}
runtime=${KAFKA_RUNTIME:-/tmp/renkei}
exec "$home/bin/kafka-cluster.sh" cluster-id --config "$runtime/admin.properties" \
  --bootstrap-server "127.0.0.1:${KAFKA_INTERNAL_PORT:-9092}" >/dev/null
