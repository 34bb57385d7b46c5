#!/bin/sh
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 the libtaskpool authors
#
# Those who read metrics read ours: promtool, which also says what it does not like, and a strict OpenMetrics parser.
# Debian's packages prometheus and python3-prometheus-client; without them this fails.
set -u

tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
failed=0
# Where Debian's package puts it; another python3 that comes first in the PATH may not have it.
python=/usr/bin/python3
[ -x "$python" ] || python=python3

fail()
{
	echo "FAILED: $*"
	failed=1
}

please_promtool()
{
	promtool check metrics <"$tmp/metrics" >"$tmp/lint" 2>&1 || fail "promtool exits with $? ($1)"
	[ ! -s "$tmp/lint" ] || fail "promtool complains ($1): $(cat "$tmp/lint")"
}

please_openmetrics()
{
	"$python" - "$tmp/metrics" "$1" <<'END' || fail "no OpenMetrics ($1)"
import sys
from prometheus_client.openmetrics.parser import text_fd_to_metric_families

with open(sys.argv[1], encoding="utf-8", newline="\n") as text:
    families = {family.name: family for family in text_fd_to_metric_families(text)}
samples = [sample for family in families.values() for sample in family.samples]
assert {sample.labels["pool"] for sample in samples} == {sys.argv[2]}, samples[0]
assert {family.name for family in families.values() if not family.documentation} == set()
for name in ("taskpool_wait_seconds", "taskpool_run_seconds"):
    assert families[name].type == "histogram" and families[name].unit == "seconds", families[name]
assert families["taskpool_jobs_queued"].type == "gauge"
workers = families["taskpool_worker_jobs_total"].samples
assert [sample.labels["worker"] for sample in workers] == ["0", "1", "2"], workers
END
}

for name in taskpool 'a "b" \c' "two
lines" ''; do
	tests/print_metrics "$name" >"$tmp/metrics" || fail "tests/print_metrics '$name' exits with $?"
	please_promtool "$name"
	please_openmetrics "$name"
done

# The judges have teeth.
echo 'taskpool_jobs_total 1' | promtool check metrics >/dev/null 2>&1 && fail 'promtool likes a metric without help'
sed '/^# EOF/d' "$tmp/metrics" >"$tmp/broken" && mv "$tmp/broken" "$tmp/metrics"
(please_openmetrics '' >/dev/null 2>&1; exit "$failed") && fail 'the parser does not miss the end'
exit "$failed"
