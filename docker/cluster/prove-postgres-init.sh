#!/bin/sh
# After postgres-init.sh where a cluster is proven: what is tried gets databases of its own.
set -eu
psql --set ON_ERROR_STOP=1 --username postgres --dbname postgres <<'SQL'
alter role hostledger createdb;
SQL
