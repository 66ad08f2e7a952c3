# Within a container of an action: the cache service by the variables that actions are given.
test -n "$ACTIONS_CACHE_URL" && test "$ACTIONS_CACHE_SERVICE_V2" = True
test -z "$ACTIONS_ID_TOKEN_REQUEST_URL"
at="${ACTIONS_RESULTS_URL}_apis/artifactcache/cache?keys=k&version=v"
test "$(curl -sS -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $ACTIONS_RUNTIME_TOKEN" "$at")" = 204
echo "reached-$((40 + 2))"
echo "refused-$(curl -sS -o /dev/null -w '%{http_code}' -H 'Authorization: Bearer x' "$at")"
