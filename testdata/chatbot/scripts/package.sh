#!/bin/sh
# Makes dist/chatbot.tar.gz, the release of a commit: the same bytes for the same commit, anywhere.
# usage: package.sh COMMIT
set -eu
commit=$1
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir -p dist
cp -R app requirements.txt .env.dev .env.staging .env.production "$stage"
find "$stage" -name __pycache__ -prune -exec rm -rf {} +
echo "$commit" >"$stage/VERSION"
tar -C "$stage" --sort=name --mtime='2000-01-01 00:00:00Z' --owner=0 --group=0 --numeric-owner \
	--mode='u=rwX,go=rX' -cf - . | gzip -9n >dist/chatbot.tar.gz
(cd dist && sha256sum chatbot.tar.gz >chatbot.tar.gz.sha256)
cat dist/chatbot.tar.gz.sha256
