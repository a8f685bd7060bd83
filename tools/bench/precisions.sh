#!/bin/bash
# Trains a recipe in fp32 and in bf16 at the same time, each on half of the processors, which they swap every 20
# seconds: a machine is not equally fast everywhere. Keeps a model and a log of each.
#
#	tools/bench/precisions.sh SIEVE PICTURES OUT MINUTES [RECIPE [PROCESSORS PROCESSORS]]
#
# Processors are lists as taskset takes them; without them, those that share a core with another stay idle.
set -euo pipefail
[ $# -ge 4 ] || { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
sieve=$1 pictures=$2 out=$3 minutes=$4 recipe=${5:-gaussian}
if [ $# -ge 7 ]; then
	half=("$6" "$7")
else
	mapfile -t cores < <(lscpu -p=CPU,CORE | grep -v '^#' | sort -t, -k2,2n -u | cut -d, -f1)
	n=$((${#cores[@]} / 2))
	[ $n -gt 0 ] || { echo "two cores are needed" >&2; exit 1; }
	join() { local IFS=,; echo "$*"; }
	half=("$(join "${cores[@]:0:n}")" "$(join "${cores[@]:n:n}")")
fi
mkdir -p "$out"

train() { # the precision, the processors
	taskset -c "$2" "$sieve" train --data "$pictures" --recipe "$recipe" --minutes "$minutes" --check 150 --seed 1 \
		--precision "$1" --json --out "$out/${1%!}.safetensors" >"$out/${1%!}.jsonl" 2>"$out/${1%!}.err" &
}
train fp32 "${half[0]}"
fp32=$!
train 'bf16!' "${half[1]}"
bf16=$!
trap 'kill $fp32 $bf16 2>/dev/null || true' EXIT

move() { taskset -apc "$2" "$1" >/dev/null 2>&1 || true; } # it may have ended
for ((turn = 0; ; turn++)); do
	sleep 20
	kill -0 $fp32 2>/dev/null && kill -0 $bf16 2>/dev/null || break
	move $fp32 "${half[(turn + 1) % 2]}"
	move $bf16 "${half[turn % 2]}"
done
for _ in 1 2; do # both end at the same time, unless one cannot work at all
	wait -n || { cat "$out"/*.err >&2; exit 1; }
done
for name in fp32 bf16; do
	printf '%s ' $name
	tail -n 1 "$out/$name.jsonl"
done
