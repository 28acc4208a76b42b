#!/bin/sh
# At the first start of PostgreSQL: the role and the database of the read models. The role owns its
# database and nothing else.
set -eu
psql --set ON_ERROR_STOP=1 --username postgres --dbname postgres \
  --set password="$(cat /run/hostledger/password)" <<'SQL'
create role hostledger login password :'password';
create database hostledger owner hostledger;
revoke connect on database hostledger from public;
SQL
