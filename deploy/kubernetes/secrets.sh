#!/bin/sh
# Makes the certificates, passwords and connection strings that are not there yet, and the Secrets
# that hold them. Run it again to renew certificates; keep the folder `authority` in it under lock.
#
#   deploy/kubernetes/secrets.sh <folder> <host:port of PostgreSQL> [namespace]
#
# PostgreSQL is not made here. Give its server `<folder>/<host>/server.crt` and `server.key`, and a role
# `hostledger`, which owns the database `hostledger`, with the password of `<folder>/<host>/password`.
# Where it has an authority of its own (an operator's), put that certificate into
# `<folder>/authority/also-trusted.crt`.
set -eu
folder=$1
database=$2
namespace=${3:-hostledger}
cd "$(dirname "$0")/../.."
# The workers' key is made for the name that they are told, and refused under any other.
origin=$(sed -n "s/^ *NOTARY_ORIGIN: *[\"']\{0,1\}\([^\"' ]*\).*/\1/p" deploy/kubernetes/settings.yaml)

node dist/apps/cli/src/main.js cluster identities \
  --directory "$folder" \
  --mounted-at /run/hostledger \
  --node eventstore-0.eventstore:2113 eventstore-1.eventstore:2113 eventstore-2.eventstore:2113 \
  --also-reached-as localhost \
  --database "$database" \
  --notary-origin "${NOTARY_ORIGIN:-$origin}"

# A key of the notary that the folder does not have would be lost with its Secret, and with it all that
# could ever be signed again: whoever rotated to it has it first put into the folder.
for key in notary-key notary-key.next; do
  there=$(kubectl get secret hostledger-worker --namespace "$namespace" --ignore-not-found \
    --output "go-template={{with .data}}{{with index . \"$key\"}}{{. | base64decode}}{{end}}{{end}}")
  if [ -n "$there" ] && ! printf '%s\n' "$there" |
    grep --quiet --line-regexp --fixed-strings --file - \
      "$folder"/authority/notary-key* "$folder"/worker/notary-key*; then
    echo "$key of Secret hostledger-worker is not in $folder/worker: put it there first" >&2
    exit 1
  fi
done

put() {
  name=$1
  shift
  kubectl create secret generic "$name" --namespace "$namespace" "$@" --dry-run=client --output yaml |
    kubectl apply --filename -
}
for node in 0 1 2; do
  of=$folder/eventstore-$node.eventstore
  put "eventstore-$node" --from-file "$of" --from-file "$of/trusted/ca.crt"
done
for part in api worker users auditor; do
  put "hostledger-$part" --from-file "$folder/$part"
done
