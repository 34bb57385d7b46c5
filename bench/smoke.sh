#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
#
# The benchmark still runs and every count and order is right. Speed is not looked at.
set -eu
small="bench/bench --rounds 1 --jobs 20000 --system taskpool,taskpool-pinned,mutex-ring,handover"
json=bench/smoke-$$.json
trap 'rm -f "$json"' EXIT

$small --workload throughput --cell capacity=100
$small --workload throughput --cell keys=64,capacity=4096
$small --workload latency,loaded,headofline --json "$json"
grep -q '"workload": "headofline", "system": "taskpool"' "$json"
bench/features --small
