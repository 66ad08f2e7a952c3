#!/bin/sh
set -e
test "$#" = 4
test "$1" = hi
test "$2" = 'two words'
test -z "$3"
test "$4" = 'say "this"'
test "$PWD" = /github/workspace
test "$GITHUB_WORKSPACE" = /github/workspace
test "$HOME" = /github/home
test "$RUNNER_TEMP" = /github/runner_temp
test "$GITHUB_EVENT_PATH" = /github/workflow/event.json
test -s "$GITHUB_EVENT_PATH"
case "$GITHUB_OUTPUT" in /github/file_commands/*) ;; *) exit 1 ;; esac
test "$FROM_IMAGE" = image
test "$FROM_ACTION" = 'of hi'
test "$FROM_STEP" = step
test "$OWN" = /github/workspace/sub
test "$INPUT_GREETING" = hi
test "$INPUT_ODD_NAME" = odd
test "$CI$GITHUB_ACTIONS" = truetrue
test "$(cat from-job)" = job
echo docker > from-docker
echo "word=said" >> "$GITHUB_OUTPUT"
echo "LATER=known" >> "$GITHUB_ENV"
echo "mark=left" >> "$GITHUB_STATE"
echo "::notice::noticed"
echo "::add-mask::hide-me"
echo "hide-me"
