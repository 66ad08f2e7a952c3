#!/bin/sh
echo "post-$((40 + 2)) $STATE_mark $INPUT_GREETING"
